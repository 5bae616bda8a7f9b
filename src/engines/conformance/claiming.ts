import assert from 'node:assert/strict'
import type { JobRecord, NewJob } from '../../core/job.ts'
import { claimRequest, idsOf, type Lab, LEASE_MS, WORKER } from './lab.ts'
import type { Subject } from './subject.ts'

/** Jobs whose ids, due times and priorities all disagree about the order. */
const mixed = async (lab: Lab) => {
  const now = lab.clock.now()
  const jobs = await lab.addMany(60, (index) => ({
    priority: (index * 7) % 10,
    runAt: now - ((index * 13) % 7),
    queue: ['a', 'b', 'c'][index % 3] as string,
    task: ['x', 'y'][index % 2] as string,
    group: [null, 'g', 'h', 'i'][index % 4] as string | null,
  }))
  return await Promise.all(jobs.map(({ id }) => lab.get(id)))
}

type Ordered = { readonly priority: number; readonly runAt: number; readonly id: string }
const inOrder = <T extends Ordered>(jobs: readonly T[]): T[] =>
  [...jobs].sort((a, b) => a.priority - b.priority || a.runAt - b.runAt || (a.id < b.id ? -1 : 1))

/** A job that is to be handed out alone. */
const addSolo = async (lab: Lab, given: Partial<NewJob> = {}): Promise<JobRecord> => {
  const { id, queue } = await lab.add({ queue: `suspect-${lab.newId()}`, ...given })
  const [job] = await lab.claim({ queues: [queue] })
  assert.equal(job?.id, id)
  assert.equal(await lab.settle(job, 'ready', { solo: true }), 'ok')
  return await lab.get(id)
}

export const claiming: Subject = {
  subject: 'Claiming',
  cases: {
    'a claimed job runs under a new fence, for this worker, until its lease ends': async (lab) => {
      const before = await lab.add({ payload: '[1]' })
      lab.clock.advance(50)
      const [job] = await lab.claim()
      const leaseUntil = lab.clock.now() + LEASE_MS
      const after = { ...before, state: 'running', fence: 1, worker: WORKER, leaseUntil, started: false }
      assert.deepEqual(job, after)
      assert.deepEqual(await lab.get(before.id), after)
    },

    "a job's own lease length goes before the worker's": async (lab) => {
      const { leaseUntil } = await lab.run({ leaseMs: 700 })
      assert.equal(leaseUntil, lab.clock.now() + 700)
    },

    'jobs come by priority, then due time, then id, across queues, tasks and groups': async (lab) => {
      const jobs = await mixed(lab)
      assert.deepEqual(idsOf(await lab.claim()), idsOf(inOrder(jobs)))
    },

    'claims of a few at a time follow the same order': async (lab) => {
      const jobs = await mixed(lab)
      const claimed: string[] = []
      for (let more = true; more; ) {
        const answer = await lab.engine.exchange({ worker: WORKER, claim: claimRequest({ limit: 7 }) })
        claimed.push(...idsOf(answer.jobs))
        assert.ok(answer.jobs.length > 0 || !answer.more, 'who says that there are more hands some out')
        more = answer.more
      }
      assert.deepEqual(claimed, idsOf(inOrder(jobs)))
    },

    'a claim takes many jobs of one queue when others have none that come before': async (lab) => {
      const now = lab.clock.now()
      const jobs = await lab.addMany(200, (index) => ({
        queue: index < 150 ? 'first' : `later-${index % 4}`,
        runAt: now - 200 + index,
      }))
      assert.deepEqual(idsOf(await lab.claim({ limit: 100 })), idsOf(jobs.slice(0, 100)))
      assert.deepEqual(idsOf(await lab.claim({ limit: 100 })), idsOf(jobs.slice(100)))
    },

    'jobs that one client adds to run at once come in the order in which it added them': async (lab) => {
      const added: string[] = []
      for (let call = 0; call < 10; call++) added.push(...idsOf(await lab.addMany(10)))
      assert.deepEqual(idsOf(await lab.claim()), added)
    },

    'only the named queues and tasks are served': async (lab) => {
      const jobs = await mixed(lab)
      const wanted = jobs.filter(({ queue, task }) => queue !== 'b' && task === 'y')
      const claimed = await lab.claim({ queues: ['c', 'a', 'nobody'], tasks: ['y', 'unheard-of'] })
      assert.deepEqual(idsOf(claimed), idsOf(inOrder(wanted)))
    },

    'listed queues are served one after the other, each in its own order': async (lab) => {
      const jobs = await mixed(lab)
      const of = (queue: string) => inOrder(jobs.filter((job) => job.queue === queue))
      const expected = idsOf([...of('c'), ...of('a'), ...of('b')])
      const first = await lab.claim({ queues: ['c', 'a', 'c', 'b'], order: 'listed', limit: 25 })
      const second = await lab.claim({ queues: ['c', 'a', 'c', 'b'], order: 'listed' })
      assert.deepEqual(idsOf([...first, ...second]), expected)
    },

    'an empty list of queues or tasks fits no job': async (lab) => {
      await lab.add()
      assert.deepEqual(await lab.claim({ queues: [] }), [])
      assert.deepEqual(await lab.claim({ tasks: [] }), [])
      assert.deepEqual(await lab.claim({ queues: [], order: 'listed' }), [])
    },

    'many jobs of tasks that nobody knows do not stand in the way of one that somebody knows': async (
      lab,
    ) => {
      await lab.addMany(500, () => ({ task: 'unknown', priority: 0 }))
      const job = await lab.add({ task: 'known', priority: 9 })
      assert.deepEqual(idsOf(await lab.claim({ tasks: ['known'], limit: 1 })), [job.id])
      assert.equal((await lab.engine.counts()).find(({ task }) => task === 'unknown')?.count, 500)
    },

    'more says whether claimable jobs were left behind': async (lab) => {
      await lab.addMany(3)
      await lab.addMany(2, () => ({ queue: 'elsewhere' }))
      const moreOf = async (limit: number) => {
        const answer = await lab.engine.exchange({
          worker: WORKER,
          claim: claimRequest({ limit, queues: ['default'] }),
        })
        return [answer.jobs.length, answer.more]
      }
      assert.deepEqual(await moreOf(1), [1, true])
      assert.deepEqual(await moreOf(2), [2, false])
      assert.deepEqual(await moreOf(2), [0, false])
    },

    'a job that is due but not promoted yet is not claimed': async (lab) => {
      await lab.add({ delayMs: 10 })
      lab.clock.advance(10)
      assert.deepEqual(await lab.claim(), [])
      await lab.engine.promote({ limit: 1 })
      assert.equal((await lab.claim()).length, 1)
    },

    'of many claimers at once no two get the same job, and none is lost': async (lab) => {
      const jobs = await lab.addMany(500)
      const claimer = async (worker: string): Promise<string[]> => {
        const mine: string[] = []
        for (let got = -1; got !== 0; ) {
          const claimed = await lab.claim({ limit: 7 }, worker)
          assert.ok(claimed.every((job) => job.worker === worker && job.fence === 1))
          mine.push(...idsOf(claimed))
          assert.ok(mine.length <= jobs.length, 'no job is handed out twice')
          got = claimed.length
        }
        return mine
      }
      const all = await Promise.all(Array.from({ length: 16 }, (_, index) => claimer(`worker-${index}`)))
      assert.deepEqual(all.flat().sort(), idsOf(jobs))
    },

    'a solo job at the head is handed out alone, with its start on record': async (lab) => {
      const solo = await addSolo(lab, { priority: 0 })
      await lab.addMany(2)
      lab.clock.advance(5)
      const answer = await lab.engine.exchange({ worker: WORKER, claim: claimRequest() })
      assert.deepEqual(idsOf(answer.jobs), [solo.id])
      assert.equal(answer.more, true)
      const [job] = answer.jobs
      assert.deepEqual(
        [job?.started, job?.attempt, job?.startedAt],
        [true, solo.attempt + 1, lab.clock.now()],
      )
      assert.equal((await lab.claim()).length, 2)
    },

    'an answer ends before a solo job': async (lab) => {
      const [first] = await lab.addMany(1, () => ({ priority: 0 }))
      const solo = await addSolo(lab, { priority: 1 })
      const [last] = await lab.addMany(1, () => ({ priority: 2 }))
      const answer = await lab.engine.exchange({ worker: WORKER, claim: claimRequest() })
      assert.deepEqual([idsOf(answer.jobs), answer.more], [[first?.id], true])
      assert.deepEqual(idsOf(await lab.claim()), [solo.id])
      assert.deepEqual(idsOf(await lab.claim()), [last?.id])
    },

    'an answer ends before a solo job also when all are of one kind': async (lab) => {
      const solo = await addSolo(lab, { queue: 'default' })
      const [first] = await lab.addMany(1, () => ({ runAt: solo.runAt - 1 }))
      const [last] = await lab.addMany(1, () => ({ runAt: solo.runAt + 1 }))
      lab.clock.advance(1)
      await lab.engine.promote({ limit: 10 })
      const answer = await lab.engine.exchange({ worker: WORKER, claim: claimRequest() })
      assert.deepEqual([idsOf(answer.jobs), answer.more], [[first?.id], true])
      assert.deepEqual(idsOf(await lab.claim()), [solo.id])
      assert.deepEqual(idsOf(await lab.claim()), [last?.id])
    },

    'solo jobs do not keep each other company': async (lab) => {
      const one = await addSolo(lab)
      const two = await addSolo(lab)
      assert.deepEqual([idsOf(await lab.claim()), idsOf(await lab.claim())], [[one.id], [two.id]])
    },

    'in listed order a solo job stands where its queue stands': async (lab) => {
      const solo = await addSolo(lab, { priority: 0 })
      const [job] = await lab.addMany(1, () => ({ queue: 'first' }))
      const listed = { queues: ['first', solo.queue], order: 'listed' } as const
      assert.deepEqual(
        [idsOf(await lab.claim(listed)), idsOf(await lab.claim(listed))],
        [[job?.id], [solo.id]],
      )
    },

    'a claim sees what the same call settled, and the jobs it added': async (lab) => {
      const one = await lab.run()
      const two = await lab.run()
      const child = lab.job({ priority: 9 })
      const settle = [lab.settlement(one, 'ready'), lab.settlement(two, 'completed', { add: [child] })]
      const answer = await lab.engine.exchange({ worker: WORKER, settle, claim: claimRequest() })
      assert.deepEqual(idsOf(answer.jobs), [one.id, child.id])
      assert.equal(answer.jobs[0]?.fence, 2)
    },

    'who renews or claims has a name, and a listed order has a list': async (lab) => {
      await lab.add()
      await lab.refuses('E_ARGUMENT', () => lab.engine.exchange({ worker: null, claim: claimRequest() }))
      const renew = { leases: [], leaseMs: 1, complete: true }
      await lab.refuses('E_ARGUMENT', () => lab.engine.exchange({ worker: null, renew }))
      await lab.refuses('E_ARGUMENT', () => lab.claim({ order: 'listed', queues: null }))
    },
  },
}
