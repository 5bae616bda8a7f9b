import assert from 'node:assert/strict'
import type { JobRecord } from '../../core/job.ts'
import { ENGINE_BATCH_MAX, LIST_SCAN_MAX } from '../../core/limits.ts'
import { JOB_STATES } from '../../core/states.ts'
import type { ListQuery, SortField } from '../engine.ts'
import { idsOf, type Lab } from './lab.ts'
import { allJobs } from './snapshot.ts'
import type { Check, Subject } from './subject.ts'

const BY_ID = { field: 'id', descending: false } as const
const FIELDS: readonly SortField[] = [
  ...([
    'id',
    'task',
    'queue',
    'priority',
    'state',
    'attempt',
    'createdAt',
    'runAt',
    'startedAt',
    'finishedAt',
  ] as const),
]

/** Jobs of every state, with many equal values and many nulls, so that ties and nulls decide. */
const populate = async (lab: Lab): Promise<JobRecord[]> => {
  for (let index = 0; index < 40; index++) {
    if (index % 4 === 0) lab.clock.advance(10)
    const state = JOB_STATES[(index * 5) % JOB_STATES.length] ?? 'ready'
    // Ready jobs come last: bringing the others about would claim them.
    if (state === 'ready') continue
    await lab.bring(state, {
      queue: ['mail', 'Mail', 'images'][index % 3] as string,
      task: ['send', 'résumé', 'thumb'][(index * 7) % 3] as string,
      priority: (index * 3) % 4,
      group: index % 5 === 0 ? `group-${index % 2}` : null,
      key: index % 6 === 0 ? `key-${index}` : null,
      ref: index % 4 === 0 ? `ref-${index % 8}` : null,
      tags: index % 3 === 0 ? JSON.stringify(['all', `tag "${index % 2}"`]) : null,
      payload: `{"Number":${index},"text":"Größe 100%_"}`,
    })
  }
  await lab.addMany(5, (index) => ({ queue: 'mail', task: 'send', priority: index % 2, tags: '["all"]' }))
  return await allJobs(lab.engine)
}

const walk = async (lab: Lab, query: Partial<ListQuery>, limit: number): Promise<JobRecord[]> => {
  const found: JobRecord[] = []
  const seen = new Set<string>()
  const sort = query.sort ?? BY_ID
  for (let more = true; more; ) {
    const last = found.at(-1)
    const after = last === undefined ? null : { id: last.id, value: last[sort.field] }
    const page = await lab.engine.list({ ...query, sort, after, limit })
    assert.ok(page.jobs.length <= limit)
    assert.ok(page.jobs.length === limit || !page.more, 'a short page is the last one')
    assert.equal(page.bounded, false)
    assert.ok(!page.jobs.some(({ id }) => seen.has(id)), 'no job is on two pages')
    for (const { id } of page.jobs) seen.add(id)
    found.push(...page.jobs)
    more = page.more
  }
  return found
}

const compare = (a: string | number | null, b: string | number | null): number => {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return typeof a === 'number' ? a - Number(b) : Buffer.compare(Buffer.from(a), Buffer.from(String(b)))
}

const FILTERS: { readonly [what: string]: readonly [Partial<ListQuery>, (job: JobRecord) => boolean] } = {
  state: [{ states: ['dead'] }, ({ state }) => state === 'dead'],
  'several states': [{ states: ['dead', 'ready'] }, ({ state }) => state === 'dead' || state === 'ready'],
  'no state': [{ states: [] }, () => false],
  queue: [{ queues: ['mail'] }, ({ queue }) => queue === 'mail'],
  'several queues': [{ queues: ['Mail', 'images', 'none'] }, ({ queue }) => queue !== 'mail'],
  'no queue': [{ queues: [] }, () => false],
  task: [{ tasks: ['résumé'] }, ({ task }) => task === 'résumé'],
  'no task': [{ tasks: [] }, () => false],
  group: [{ group: 'group-1' }, ({ group }) => group === 'group-1'],
  key: [{ key: 'key-12' }, ({ key }) => key === 'key-12'],
  ref: [{ ref: 'ref-4' }, ({ ref }) => ref === 'ref-4'],
  tag: [{ tag: 'all' }, ({ tags }) => tags !== null],
  'a tag with quotes': [{ tag: 'tag "1"' }, ({ tags }) => tags?.includes('1') ?? false],
  'a part of a tag, which is no tag': [{ tag: 'al' }, () => false],
  worker: [{ worker: 'worker-1' }, ({ worker }) => worker === 'worker-1'],
  'several things at once': [
    { states: ['dead', 'scheduled'], queues: ['mail', 'images'], tag: 'all', search: 'SEND' },
    ({ state, queue, tags, task }) =>
      (state === 'dead' || state === 'scheduled') && queue !== 'Mail' && tags !== null && task === 'send',
  ],
}

/** Search words and the jobs that they find. */
const SEARCHES: { readonly [word: string]: (job: JobRecord) => boolean } = {
  SEND: ({ task }) => task === 'send',
  IMAG: ({ queue }) => queue === 'images',
  'key-1': ({ key }) => key?.startsWith('key-1') ?? false,
  'REF-4': ({ ref }) => ref === 'ref-4',
  'tag \\"': ({ tags }) => tags?.includes('tag') ?? false,
  '"number":12,': ({ payload }) => payload.startsWith('{"Number":12,'),
  '100%_': ({ payload }) => payload.includes('100%_'),
  '1%': () => false,
  größe: ({ payload }) => payload.includes('Größe'),
  // Only A to Z lose their case: what "Ö" is in lower case, stores do not agree on.
  GRÖSSE: () => false,
  RÉSUMÉ: () => false,
  RéSUMé: ({ task }) => task === 'résumé',
}

const cases: Record<string, Check> = {}

for (const field of FIELDS) {
  for (const descending of [false, true]) {
    cases[
      `pages sorted by ${field}, ${descending ? 'descending' : 'ascending'}, miss nothing and repeat nothing`
    ] = async (lab) => {
      const jobs = await populate(lab)
      const sign = descending ? -1 : 1
      const expected = [...jobs].sort((a, b) => sign * (compare(a[field], b[field]) || compare(a.id, b.id)))
      for (const limit of [1, 7, 200]) {
        assert.deepEqual(idsOf(await walk(lab, { sort: { field, descending } }, limit)), idsOf(expected))
      }
      const some = expected.filter(({ queue }) => queue === 'mail')
      const filtered = await walk(lab, { sort: { field, descending }, queues: ['mail'] }, 3)
      assert.deepEqual(idsOf(filtered), idsOf(some))
    }
  }
}

for (const [what, [query, fits]] of Object.entries(FILTERS)) {
  cases[`a filter by ${what} finds exactly the jobs that fit`] = async (lab) => {
    const expected = idsOf((await populate(lab)).filter(fits))
    assert.deepEqual(idsOf(await walk(lab, query, 4)), expected)
    const sort = { field: 'runAt', descending: true } as const
    assert.deepEqual(idsOf(await walk(lab, { ...query, sort }, 4)).sort(), expected)
  }
}

for (const [word, fits] of Object.entries(SEARCHES)) {
  cases[`a search for ${word} finds exactly the jobs that contain it`] = async (lab) => {
    const expected = idsOf((await populate(lab)).filter(fits))
    assert.deepEqual(idsOf(await walk(lab, { search: word }, 3)), expected)
  }
}

cases['a search looks into the id and the error too'] = async (lab) => {
  await lab.addMany(3)
  const [job] = await lab.claim({ limit: 1 })
  assert.ok(job)
  await lab.settle(job, 'dead', { error: '{"name":"SmtpError","message":"450 Greylisted"}' })
  for (const search of ['greyLISTED', job.id.toUpperCase()]) {
    assert.deepEqual(idsOf(await walk(lab, { search }, 10)), [job.id])
  }
}

cases['a filter by time takes the jobs strictly between'] = async (lab) => {
  const jobs: JobRecord[] = []
  for (let index = 0; index < 5; index++) {
    jobs.push(await lab.add())
    lab.clock.advance(10)
  }
  const [, second, , fourth] = jobs
  const query = { createdAfter: second?.createdAt as number, createdBefore: fourth?.createdAt as number }
  assert.deepEqual(idsOf(await walk(lab, query, 10)), [jobs[2]?.id])
}

cases['jobs added or removed between two pages neither move nor repeat the others'] = async (lab) => {
  const jobs = await lab.addMany(10)
  const first = await lab.engine.list({ sort: BY_ID, after: null, limit: 4 })
  const last = first.jobs.at(-1)
  assert.ok(last)
  await lab.engine.change(first.jobs.map((job) => lab.change(job, 'removed')))
  const added = await lab.add()
  const second = await lab.engine.list({ sort: BY_ID, after: { id: last.id, value: last.id }, limit: 100 })
  assert.deepEqual(idsOf(second.jobs), [...idsOf(jobs.slice(4)), added.id])
}

cases['by id nothing is out of reach; any other order looks at the newest jobs, and says so'] = async (
  lab,
) => {
  const first = await lab.add({ ref: 'the very first', task: 'rare', priority: 0 })
  for (let left = LIST_SCAN_MAX; left > 0; left -= ENGINE_BATCH_MAX)
    await lab.addMany(Math.min(left, ENGINE_BATCH_MAX))
  const page = async (query: Partial<ListQuery>) => {
    const { jobs, bounded } = await lab.engine.list({ sort: BY_ID, after: null, limit: 1, ...query })
    return [jobs[0]?.id === first.id, bounded]
  }
  const byPriority = { field: 'priority', descending: false } as const
  assert.deepEqual(await page({}), [true, false])
  assert.deepEqual(await page({ ref: 'the very first' }), [true, false])
  assert.deepEqual(await page({ sort: byPriority }), [false, true])
  assert.deepEqual(await page({ search: 'the very first' }), [false, true])
  assert.deepEqual(await page({ search: 'the very first', tasks: ['rare'] }), [true, false])
  assert.deepEqual(await page({ sort: byPriority, tasks: ['rare'] }), [true, false])
}

cases['a list of nothing is empty, and unknown words are refused'] = async (lab) => {
  const empty = { jobs: [], more: false, bounded: false }
  const query = { sort: BY_ID, after: null, limit: 10 }
  assert.deepEqual(await lab.engine.list(query), empty)
  const sort = { field: 'payload', descending: false } as never
  await lab.refuses('E_ARGUMENT', () => lab.engine.list({ ...query, sort }))
  await lab.refuses('E_ARGUMENT', () => lab.engine.list({ ...query, limit: 0 }))
}

export const listing: Subject = { subject: 'Lists', cases }
