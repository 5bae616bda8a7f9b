import fc from 'fast-check'
import type { Outcome } from '../../../src/core/decide.ts'
import type { JobTies, NewJob, RecordWrite } from '../../../src/core/job.ts'
import { COLLECTIONS } from '../../../src/engines/conformance/snapshot.ts'
import type { ClaimRequest } from '../../../src/engines/engine.ts'

/**
 * What programs are made of. Few different values, so that jobs meet: in a queue, on a key, at a due time. Jobs and
 * leases are named by a number, which the world turns into one that it has.
 */

export const index = fc.nat({ max: 30 })
export const queue = fc.constantFrom('a', 'b', 'ç')
export const task = fc.constantFrom('x', 'y')
export const worker = fc.constantFrom('w1', 'w2')
const KEYS = ['k1', 'k2', 'K1'] as const
const text = fc.constantFrom('null', '"é"', '{"b":1, "a":1e400}', '[]', '"\\u0000"')
/** Null once in `freq` times. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 2): fc.Arbitrary<T | null> =>
  fc.option(arbitrary, { nil: null, freq })

/** Ties with numbers in the place of ids. */
export interface DrawnTies extends Omit<JobTies, 'keyFrom' | 'parents'> {
  readonly keyFrom: number | null
  readonly parents: readonly number[]
}
const drawnTies: fc.Arbitrary<DrawnTies> = fc
  .record({
    keyUntil: fc.constantFrom('finish' as const, 'start' as const, 'time' as const),
    keyMs: maybe(fc.constantFrom(500, 60_000)),
    keyFrom: maybe(index),
    parents: fc.array(index, { maxLength: 2 }),
    batch: maybe(fc.constantFrom('b1', 'b2')),
    dueMs: maybe(fc.constantFrom(0, 1_000)),
    dueAt: maybe(fc.constant(Date.UTC(2026, 0, 1) + 5_000), 4),
  })
  .map((ties) => (ties.keyUntil === 'time' ? { ...ties, keyMs: ties.keyMs ?? 1_000 } : ties))

/** A job without its id. */
const jobBody: fc.Arbitrary<Omit<NewJob, 'id' | 'ties'> & { readonly ties: DrawnTies | null }> = fc.record({
  task,
  queue,
  group: maybe(fc.constantFrom('g', 'h')),
  priority: fc.constantFrom(5, 5, 5, 0, 9),
  payload: text,
  delayMs: fc.constantFrom(0, 0, 0, 0, 1, 1_000, 60_000),
  runAt: fc.constantFrom(null, null, null, 0, Date.UTC(2026, 0, 1) + 5_000),
  blocked: fc.constantFrom(null, null, null, null, null, null, 'waits'),
  maxRetries: maybe(fc.nat({ max: 2 })),
  leaseMs: fc.constantFrom(null, null, 500),
  options: maybe(text),
  key: fc.constantFrom(null, null, null, ...KEYS),
  ref: maybe(fc.constantFrom('r1', 'r2')),
  tags: maybe(fc.constantFrom('["t"]', '["t","ü"]', '[]')),
  ties: fc.option(drawnTies, { nil: null, freq: 1 }),
})
/** `salt`: see World.newId. */
export const job = fc.record({ salt: fc.constantFrom(0, 0, 0, 1, 2), body: jobBody })
export type DrawnJob = typeof job extends fc.Arbitrary<infer T> ? T : never
export const jobs = fc.array(job, { minLength: 2, maxLength: 8 })

export const claim: fc.Arbitrary<ClaimRequest> = fc
  .record({
    limit: fc.constantFrom(0, 1, 2, 5, 100, 100),
    queues: fc.constantFrom(null, null, null, null, ['a'], ['b', 'a'], ['ç', 'none', 'a', 'ç'], []),
    tasks: fc.constantFrom(null, null, null, null, ['x'], ['y', 'x'], ['none'], []),
    order: fc.constantFrom('merged' as const, 'merged' as const, 'listed' as const),
    leaseMs: fc.constantFrom(30_000, 1_000),
  })
  .map((request) => (request.queues === null ? { ...request, order: 'merged' } : request))

const error = fc.constantFrom(
  { name: 'Error', message: 'no' },
  { name: 'Überfehler', message: '450 GREYLISTED' },
)

/** What a worker may have to say of a run. */
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('completed' as const), output: maybe(text) }),
  fc.record({ kind: fc.constant('failed' as const), error, retriable: fc.constantFrom(true, true, false) }),
  fc.record({
    kind: fc.constant('failed' as const),
    error,
    retriable: fc.constant(true),
    retryAfterMs: fc.nat({ max: 50 }),
  }),
  fc.record({ kind: fc.constant('discarded' as const), reason: fc.constant('useless') }),
  fc.record({
    kind: fc.constant('snoozed' as const),
    delayMs: fc.constantFrom(0, 100),
    reason: fc.constant(null),
  }),
  fc.record({ kind: fc.constant('released' as const), reason: fc.constant('shutdown') }),
  fc.record({ kind: fc.constant('held' as const), reason: fc.constant('ask someone') }),
  fc.record({
    kind: fc.constant('cancelled' as const),
    by: fc.constant('someone'),
    reason: fc.constant(null),
  }),
)

const document = fc.record({
  collection: fc.constantFrom('things', ...COLLECTIONS),
  key: fc.constantFrom('a', 'a', 'ab', 'B', 'ä', '\u{1f4ec}'),
})
const write: fc.Arbitrary<RecordWrite> = fc
  .record({
    at: document,
    value: maybe(text, 4),
    expect: fc.constantFrom(null, null, 0, 1, 2),
    ttlMs: fc.constantFrom(null, null, 0, 1_000),
  })
  .map(({ at, ...rest }) => ({ ...at, ...rest }))
export const writes = fc.array(write, { minLength: 1, maxLength: 3 })
export const documents = fc.array(document, { maxLength: 4 })

/** Added to a fence: mostly right. */
export const fenceOff = fc.constantFrom(0, 0, 0, 0, 0, 0, -1, 1)

/** A lease as its worker, or an impostor, names it. */
export const lease = fc.record({
  at: index,
  fenceOff,
  /** The job is one that nobody ever heard of. */
  isUnknown: fc.constantFrom(...Array<boolean>(15).fill(false), true),
})
export type DrawnLease = typeof lease extends fc.Arbitrary<infer T> ? T : never

/** One run that comes to its end, with what travels with it. */
export const ending = fc.record({
  lease,
  outcome,
  wasStarted: fc.boolean(),
  progress: fc.constantFrom(undefined, undefined, '0.5', null),
  checkpoint: fc.constantFrom(undefined, undefined, '{"c":1}', null),
  add: fc.option(fc.array(job, { maxLength: 2 }), { nil: undefined, freq: 2 }),
  records: fc.option(writes, { nil: undefined, freq: 2 }),
})
export type Ending = typeof ending extends fc.Arbitrary<infer T> ? T : never

export const limit = fc.constantFrom(0, 1, 3, 1_000, 1_000)
export const passing = fc.constantFrom(1, 10, 499, 1_000, 15_000, 30_000, 60_000, 3_600_000)
