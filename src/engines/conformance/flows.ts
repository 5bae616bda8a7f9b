import assert from 'node:assert/strict'
import { FINISHED_STATES, LIVE_STATES } from '../../core/states.ts'
import { idsOf, type Lab, ties } from './lab.ts'
import type { Check, Subject } from './subject.ts'

/** Jobs that depend on jobs: the store tells when there is something to decide, and decides nothing. */

const after = (...ids: readonly string[]) =>
  ties({ parents: ids.map((id) => ({ id, name: null, onFailure: 'cancel' as const })) })
const waiting = (...ids: readonly string[]) => ({ blocked: 'dependencies', ties: after(...ids) })

const newsOf = async (lab: Lab) => await lab.engine.news({ limit: 100, after: null })
const told = async (lab: Lab): Promise<string[]> => idsOf(await newsOf(lab))
const clear = async (lab: Lab) => await lab.engine.clearNews(await newsOf(lab))

const cases: Record<string, Check> = {
  'ties come back as they were given, wherever the job is shown': async (lab) => {
    const parent = await lab.add()
    const given = ties({
      ...{
        keyUntil: 'time',
        keyMs: 1,
        keyFrom: parent.id,
        batch: 'b\u{1f4ec}',
        limit: 'l',
        dueMs: 5,
        dueAt: 7,
      },
      parents: [{ id: parent.id, name: 'ö', onFailure: 'hold' }],
    })
    const { id } = await lab.add({ ties: given, priority: 0, key: 'k' })
    assert.deepEqual((await lab.get(id)).ties, given)
    assert.deepEqual((await lab.claim({ limit: 1 }))[0]?.ties, given)
    const page = await lab.engine.list({ parent: parent.id, ...byId(100) })
    assert.deepEqual(page.jobs[0]?.ties, given)
    assert.equal((await lab.get(parent.id)).ties, null)
  },

  'nothing is told as long as no parent is finished': async (lab) => {
    const [a, b] = [await lab.add(), await lab.bring('scheduled')]
    await lab.add(waiting(a.id, b.id))
    await lab.claim()
    await lab.settle(await lab.get(a.id), 'retrying')
    assert.deepEqual(await newsOf(lab), [])
  },

  'a job is told of when it is stored behind a finished parent, or one that does not exist': async (lab) => {
    const done = await lab.bring('completed')
    const late = await lab.add(waiting(done.id))
    const lost = await lab.add(waiting(lab.newId()))
    assert.deepEqual(await told(lab), [late.id, lost.id])
  },

  'a parent may be stored by the same call, before its child': async (lab) => {
    const [parent, child] = [lab.job(), lab.job()]
    const early = lab.job(waiting(child.id, parent.id))
    await lab.engine.insert([parent, { ...child, ...waiting(parent.id) }, early])
    assert.deepEqual(await newsOf(lab), [])
    await lab.engine.insert([lab.job(waiting(parent.id, child.id))])
    assert.deepEqual(await newsOf(lab), [])
  },

  'all children of a parent are told of, and nobody else': async (lab) => {
    const [a, b] = [await lab.bring('scheduled'), await lab.bring('scheduled')]
    const [both, onlyA] = [await lab.add(waiting(a.id, b.id)), await lab.add(waiting(a.id))]
    await lab.add(waiting(b.id))
    await lab.engine.change([lab.change(a, 'cancelled')])
    assert.deepEqual(await told(lab), [both.id, onlyA.id])
  },

  'news stay until they are cleared with the number that was read': async (lab) => {
    const [a, b] = [await lab.bring('scheduled'), await lab.bring('scheduled')]
    const child = await lab.add(waiting(a.id, b.id))
    await lab.engine.change([lab.change(a, 'cancelled')])
    const read = await newsOf(lab)
    assert.deepEqual(read, [{ topic: 'job', id: child.id, seq: read[0]?.seq }])
    await lab.engine.change([lab.change(b, 'cancelled')])
    await lab.engine.clearNews(read)
    assert.deepEqual(await told(lab), [child.id], 'the second parent ended after the news were read')
    await clear(lab)
    assert.deepEqual(await newsOf(lab), [])
    await lab.changesNothing(() => lab.engine.clearNews(read))
  },

  'news come in pages': async (lab) => {
    const parent = await lab.bring('scheduled')
    const children = await lab.addMany(5, () => ({
      ...waiting(parent.id),
      ties: { ...after(parent.id), batch: 'b' },
    }))
    await lab.engine.change([lab.change(parent, 'cancelled')])
    await lab.engine.change([lab.change(await lab.get(children[4]?.id ?? ''), 'cancelled')])
    const pages: string[][] = []
    for (let last: Awaited<ReturnType<typeof newsOf>>[number] | undefined; ; ) {
      const page = await lab.engine.news({ limit: 2, after: last ?? null })
      if (page.length === 0) break
      pages.push(page.map(({ topic, id }) => `${topic} ${id}`))
      last = page.at(-1)
    }
    assert.deepEqual(pages.flat(), ['batch b', ...children.map(({ id }) => `job ${id}`)])
    assert.deepEqual(await lab.engine.news({ limit: 0, after: null }), [])
  },

  'a job that is removed takes its ties with it': async (lab) => {
    const parent = await lab.bring('scheduled')
    const child = await lab.add(waiting(parent.id))
    await lab.engine.change([lab.change(child, 'removed')])
    await lab.engine.change([lab.change(parent, 'cancelled')])
    assert.deepEqual(await newsOf(lab), [])
    assert.deepEqual((await lab.engine.list({ parent: parent.id, ...byId(10) })).jobs, [])
  },

  'pruning and removing a finished parent tells nothing again': async (lab) => {
    const [done, dead] = [await lab.bring('completed'), await lab.bring('dead')]
    await lab.add(waiting(done.id, dead.id))
    await clear(lab)
    await lab.engine.prune({ state: 'completed', ageMs: 0, count: 0, minAgeMs: 0, limit: 10 })
    await lab.engine.change([lab.change(await lab.get(dead.id), 'removed')])
    assert.deepEqual(await newsOf(lab), [])
  },

  'a parent that is sent round again tells its end once more': async (lab) => {
    const dead = await lab.bring('dead')
    const child = await lab.add(waiting(dead.id))
    await clear(lab)
    await lab.engine.change([lab.change(dead, 'ready')])
    assert.deepEqual(await newsOf(lab), [])
    await lab.claim()
    await lab.settle(await lab.get(dead.id), 'completed')
    assert.deepEqual(await told(lab), [child.id])
  },

  'a settlement that is refused or repeated tells nothing': async (lab) => {
    const parent = await lab.run()
    await lab.add(waiting(parent.id))
    await lab.settle({ ...parent, fence: parent.fence + 1 }, 'completed')
    assert.deepEqual(await newsOf(lab), [])
    await lab.settle(parent, 'completed')
    await clear(lab)
    await lab.settle(parent, 'completed')
    assert.deepEqual(await newsOf(lab), [])
  },

  'a parent that is stored after its child tells its end, alone and among many': async (lab) => {
    const [one, among] = [lab.job(), lab.job()]
    const [first, second] = [await lab.add(waiting(one.id)), await lab.add(waiting(among.id))]
    await clear(lab)
    await lab.engine.insert([one])
    await lab.engine.insert([lab.job(), among, lab.job()])
    const running = await lab.claim()
    const settle = running.map((job) => lab.settlement(job, 'completed', { attempt: 1 }))
    await lab.engine.exchange({ worker: null, settle })
    assert.deepEqual(await told(lab), [first.id, second.id])
  },

  'many parents that end in one call tell of their child once': async (lab) => {
    const parents = await lab.addMany(200)
    const child = await lab.add(waiting(...idsOf(parents)))
    const running = await lab.claim({ limit: 200 })
    const settle = running.map((job) => lab.settlement(job, 'completed', { attempt: 1 }))
    await lab.engine.exchange({ worker: null, settle })
    assert.deepEqual(await told(lab), [child.id])
  },

  'a child that a run adds may depend on the job that adds it': async (lab) => {
    const parent = await lab.run()
    const child = lab.job(waiting(parent.id))
    await lab.settle(parent, 'completed', { add: [child] })
    assert.deepEqual(await told(lab), [child.id])
  },

  'jobs that were made ready by their parents are claimed in their order': async (lab) => {
    const parent = await lab.run()
    const children = await lab.addMany(3, () => waiting(parent.id))
    await lab.settle(parent, 'completed')
    const changes = []
    for (const { id } of children) changes.push(lab.change(await lab.get(id), 'ready'))
    await lab.engine.change(changes)
    assert.deepEqual(idsOf(await lab.claim()), idsOf(children))
  },

  'children are listed by their parent, page by page': async (lab) => {
    const [parent, other] = [await lab.add(), await lab.add()]
    const children = await lab.addMany(5, (i) => waiting(parent.id, ...(i % 2 === 0 ? [other.id] : [])))
    await lab.addMany(3, () => waiting(other.id))
    const first = await lab.engine.list({ parent: parent.id, ...byId(3) })
    assert.deepEqual(idsOf(first.jobs), idsOf(children.slice(0, 3)))
    assert.ok(first.more)
    const last = first.jobs.at(-1)?.id ?? ''
    const rest = await lab.engine.list({ parent: parent.id, ...byId(3), after: { id: last, value: last } })
    assert.deepEqual([idsOf(rest.jobs), rest.more], [idsOf(children.slice(3)), false])
    const down = { field: 'id', descending: true } as const
    const newest = await lab.engine.list({ parent: parent.id, sort: down, after: null, limit: 2 })
    assert.deepEqual(idsOf(newest.jobs), idsOf(children.slice(3).reverse()))
    const filtered = await lab.engine.list({ parent: parent.id, states: ['ready'], ...byId(3) })
    assert.deepEqual(filtered.jobs, [])
  },
}

const byId = (limit: number) => ({ sort: { field: 'id', descending: false } as const, after: null, limit })

for (const state of LIVE_STATES) {
  for (const to of [...FINISHED_STATES, 'removed'] as const) {
    if (state === 'running' && to === 'removed') continue
    if (state !== 'running' && to !== 'cancelled' && to !== 'removed' && state !== 'blocked') continue
    cases[`the end of a parent is told: ${state} to ${to}`] = async (lab) => {
      const parent = await lab.bring(state)
      const child = await lab.add(waiting(parent.id))
      if (state === 'running') await lab.settle(parent, to as 'dead', { attempt: 1 })
      else assert.deepEqual(await lab.engine.change([lab.change(parent, to)]), [{ status: 'ok' }])
      assert.deepEqual(await told(lab), [child.id])
    }
  }
}

export const flows: Subject = { subject: 'Jobs that depend on jobs', cases }
