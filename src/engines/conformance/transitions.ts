import assert from 'node:assert/strict'
import type { Change, JobRecord, NewJob, Settlement } from '../../core/job.ts'
import {
  type From,
  isFinished,
  JOB_EVENTS,
  JOB_STATES,
  type JobEvent,
  type To,
  TRANSITIONS,
} from '../../core/states.ts'
import { DELAY_MS, type Lab, LEASE_MS } from './lab.ts'
import type { Check, Subject } from './subject.ts'

/** Every event × every state, from the table itself: what it allows happens, and nothing else does. */

const KEY = 'the-key'

/** A job in `from`, or the memory of one that is no more. */
const bring = async (lab: Lab, from: From): Promise<JobRecord> => {
  if (from !== 'none') return await lab.bring(from, { key: KEY })
  const gone = await lab.bring('ready', { key: KEY })
  assert.deepEqual(await lab.engine.change([lab.change(gone, 'removed')]), [{ status: 'ok' }])
  return gone
}

const GIVEN: { readonly [T in To]?: Partial<NewJob> } = {
  ready: {},
  scheduled: { delayMs: DELAY_MS },
  blocked: { blocked: 'waits' },
}

const settle = async (lab: Lab, job: JobRecord, to: To) => await lab.settle(job, to as Settlement['to'])

/** A change that claims to know the job in a state in which this event is possible. */
const change = async (lab: Lab, job: JobRecord, to: To, event: JobEvent) => {
  if (job.state === 'running' && event === 'cancel') {
    const request = { at: lab.clock.now(), by: 'someone', reason: null }
    assert.deepEqual(await lab.engine.requestCancel([{ id: job.id, request }]), ['ok'])
    return await settle(lab, job, to)
  }
  const possible = Object.keys(TRANSITIONS[event]) as Change['from'][]
  const from = possible.find((state) => state === job.state) ?? possible[0]
  const [verdict] = await lab.engine.change([
    lab.change(job, to as Change['to'], { from: from as Change['from'] }),
  ])
  return verdict?.status
}

type Attempt = (lab: Lab, job: JobRecord, to: To, event: JobEvent) => Promise<string | undefined>

/** How each event is made to happen, and what the engine answers to it. */
const ATTEMPTS: { readonly [E in JobEvent]: Attempt } = {
  add: async (lab, { id }, to) => {
    const { verdicts } = await lab.engine.insert([
      lab.job({ id, key: KEY, payload: '"again"', ...GIVEN[to] }),
    ])
    return verdicts[0]?.status
  },
  promote: async (lab) => {
    lab.clock.advance(DELAY_MS)
    const { promoted } = await lab.engine.promote({ limit: 10 })
    return promoted === 1 ? 'ok' : 'nothing'
  },
  claim: async (lab, { id }) => ((await lab.claim()).some((job) => job.id === id) ? 'ok' : 'nothing'),
  expire: async (lab, job, to) => {
    lab.clock.advance(LEASE_MS)
    const [found] = await lab.engine.expired({ limit: 10, after: null })
    return found === undefined ? 'nothing' : await settle(lab, job, to)
  },
  complete: settle,
  fail: settle,
  discard: settle,
  snooze: settle,
  release: settle,
  hold: settle,
  unblock: change,
  reschedule: change,
  resolve: change,
  cancel: change,
  retry: change,
  remove: change,
  undo: change,
}

const BY_CHANGE: readonly JobEvent[] = [
  ...(['unblock', 'reschedule', 'resolve', 'cancel', 'retry', 'remove', 'undo'] as const),
]
/** What `change` carries out: to promote may also mean that someone runs a job ahead of its time. */
const CHANGES: readonly JobEvent[] = ['promote', ...BY_CHANGE]

/** What the engine says to an event that means nothing for a job in this state. */
const refusalOf = (event: JobEvent, from: From, to: To): string => {
  if (event === 'add') return 'inserted'
  if (event === 'promote' || event === 'claim' || event === 'expire') return 'nothing'
  if (from === 'none') return 'missing'
  // To settle a job into the state in which it is, under its fence, is to repeat the settlement.
  return from === to && !BY_CHANGE.includes(event) ? 'ok' : 'stale'
}

const lands =
  (event: JobEvent, from: From, to: To): Check =>
  async (lab) => {
    const before = await bring(lab, from)
    const said = await ATTEMPTS[event](lab, before, to, event)
    assert.equal(said, event === 'add' ? 'inserted' : 'ok')

    const [after] = await lab.engine.get([before.id])
    if (to === 'removed') {
      assert.equal(after, null)
    } else {
      assert.ok(after)
      assert.equal(after.state, to)
      assert.equal(after.finishedAt, isFinished(to) ? lab.clock.now() : null)
      assert.equal(after.leaseUntil, to === 'running' ? lab.clock.now() + LEASE_MS : null)
      const raises = event === 'claim' || (BY_CHANGE.includes(event) && from !== 'running')
      assert.equal(after.fence, before.fence + (raises ? 1 : 0))
      assert.equal(after.payload, event === 'add' ? '"again"' : before.payload)
    }

    const rival = lab.job({ key: KEY })
    const isFree = to === 'removed' || isFinished(to)
    const { verdicts } = await lab.engine.insert([rival])
    assert.deepEqual(
      verdicts,
      [isFree ? { status: 'inserted', id: rival.id } : { status: 'duplicate', id: before.id }],
      'the key is free exactly when the job is finished or gone',
    )
  }

const bounces =
  (event: JobEvent, from: From, to: To): Check =>
  async (lab) => {
    const job = await bring(lab, from)
    const said = await lab.changesNothing(() => ATTEMPTS[event](lab, job, to, event))
    assert.equal(said, refusalOf(event, from, to))
  }

const cases: Record<string, Check> = {}
for (const event of JOB_EVENTS) {
  const table = TRANSITIONS[event]
  const everyTarget = [...new Set(Object.values(table).flat())]
  for (const from of ['none', ...JOB_STATES] as const) {
    const targets = table[from]
    for (const to of targets ?? [])
      cases[`${event} takes a job from ${from} to ${to}`] = lands(event, from, to)
    if (targets !== undefined) continue
    for (const to of everyTarget) {
      const goal = everyTarget.length > 1 ? ` (to ${to})` : ''
      const about = from === 'none' ? 'a job that does not exist' : `a job that is ${from}`
      cases[`${event}${goal} does nothing to ${about}`] = bounces(event, from, to)
    }
  }
}

for (const from of JOB_STATES) {
  cases[`a change from ${from} to where no event of the table leads is refused`] = async (lab) => {
    const job = await lab.bring(from)
    for (const to of [...JOB_STATES, 'removed'] as const) {
      const isPossible = CHANGES.some((event) => TRANSITIONS[event][from]?.includes(to))
      if (isPossible && from !== 'running') continue
      await lab.refuses('E_ARGUMENT', () => lab.engine.change([lab.change(job, to as Change['to'])]))
    }
  }
}

export const transitions: Subject = { subject: 'Events and states', cases }
