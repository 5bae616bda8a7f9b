import type { JobRecord, JobTies, Settlement } from '../../core/job.ts'
import type {
  ClaimRequest,
  ExchangeAnswer,
  ExchangeRequest,
  LeaseVerdict,
  RenewRequest,
  RenewVerdict,
  SettleVerdict,
  Start,
} from '../engine.ts'
import type { SqliteValue } from './driver.ts'

/**
 * The hot call as it travels to the thread that holds the database. A thousand settlements with all their fields, and a
 * thousand claimed jobs, would cost more to copy than to store; so first successes travel as a flat list of values, and
 * claimed jobs as the one JSON text that SQLite makes.
 */
export interface WireRequest {
  readonly worker: string | null
  /** Values of `settle-complete.sql` with the fence behind the id: id, fence, attempt, startedAt, output. No id twice. */
  readonly plain: readonly SqliteValue[]
  readonly settle: readonly Settlement[]
  readonly start: readonly Start[]
  readonly renew: RenewRequest | null
  readonly claim: ClaimRequest | null
}
export interface WireAnswer {
  readonly now: number
  /** Null: all of them are ok. */
  readonly plain: SettleVerdict[] | null
  readonly settled: SettleVerdict[]
  readonly started: LeaseVerdict[]
  readonly renewed: RenewVerdict[]
  readonly unknown: JobRecord[]
  readonly claimed: Claimed | null
  readonly more: boolean
  readonly nextDueAt: number | null
}
export interface Claimed {
  /** What `claimed.sql` makes. */
  readonly rows: string
  readonly lanes: ReadonlyMap<
    number,
    { readonly queue: string; readonly task: string; readonly group: string | null }
  >
  /** Those of the jobs that have notes, or were started with their claim, whole. */
  readonly whole: readonly JobRecord[]
}

export const PLAIN_WIDTH = 5

/** Outputs up to this length stay in the narrow row of a finished job. */
export const SHORT_OUTPUT = 200

/** A first success: nothing has to be written but one narrow row. */
const isPlain = (settlement: Settlement): boolean =>
  settlement.to === 'completed' &&
  settlement.retries === 0 &&
  settlement.crashes === 0 &&
  !settlement.solo &&
  !settlement.unlessCancelled &&
  settlement.reason === null &&
  settlement.error === null &&
  settlement.history === null &&
  settlement.delayMs === undefined &&
  settlement.progress === undefined &&
  settlement.checkpoint === undefined &&
  settlement.add === undefined &&
  settlement.records === undefined &&
  (settlement.output === null || settlement.output.length <= SHORT_OUTPUT)

export const toWire = (request: ExchangeRequest): WireRequest => {
  const { worker, settle = [], start = [], renew = null, claim = null } = request
  const isDistinct = new Set(settle.map(({ id }) => id)).size === settle.length
  const plain: SqliteValue[] = []
  const others: Settlement[] = []
  // The plain ones are written first. One that frees a key must not overtake one whose added job finds it taken.
  let mayOvertake = isDistinct
  for (const settlement of settle) {
    const { id, fence, attempt, startedAt, output } = settlement
    if (mayOvertake && isPlain(settlement)) plain.push(id, fence, attempt, startedAt, output)
    else others.push(settlement)
    if (settlement.add !== undefined) mayOvertake = false
  }
  return { worker, plain, settle: others, start, renew, claim }
}

type Row = readonly [
  id: string,
  lane: number,
  priority: number,
  payload: string,
  createdAt: number,
  runAt: number,
  attempt: number,
  fence: number,
  isWhole: number,
  ...rest:
    | []
    | [
        number | null,
        number | null,
        string | null,
        string | null,
        string | null,
        string | null,
        string | null,
      ],
]

const toJobs = (
  { rows, lanes, whole }: Claimed,
  worker: string | null,
  now: number,
  leaseMs: number,
): JobRecord[] => {
  const known = new Map(whole.map((job) => [job.id, job]))
  return (JSON.parse(rows) as Row[]).map((row): JobRecord => {
    const job = known.get(row[0])
    if (job !== undefined) return job
    const names = lanes.get(row[1])
    const own = row[10] ?? null
    return {
      id: row[0],
      task: names?.task ?? '',
      queue: names?.queue ?? '',
      group: names?.group ?? null,
      priority: row[2],
      payload: row[3],
      maxRetries: row[9] ?? null,
      leaseMs: own,
      options: row[11] ?? null,
      key: row[12] ?? null,
      ref: row[13] ?? null,
      tags: row[14] ?? null,
      ties: typeof row[15] === 'string' ? (JSON.parse(row[15]) as JobTies) : null,
      state: 'running',
      reason: null,
      createdAt: row[4],
      runAt: row[5],
      startedAt: null,
      finishedAt: null,
      attempt: row[6],
      retries: 0,
      crashes: 0,
      solo: false,
      fence: row[7],
      worker,
      leaseUntil: now + (own ?? leaseMs),
      started: false,
      cancel: null,
      output: null,
      error: null,
      history: null,
      progress: null,
      checkpoint: null,
    }
  })
}

/** Puts the verdicts of plain and other settlements into the order of the request. */
const inOrder = (
  { settle = [] }: ExchangeRequest,
  wire: WireRequest,
  answer: WireAnswer,
): SettleVerdict[] => {
  if (wire.settle.length === 0) return answer.plain ?? settle.map((): SettleVerdict => 'ok')
  let plain = 0
  let other = 0
  return settle.map((settlement): SettleVerdict => {
    if (wire.settle[other] === settlement) return answer.settled[other++] ?? 'missing'
    return answer.plain?.[plain++] ?? 'ok'
  })
}

export const fromWire = (request: ExchangeRequest, wire: WireRequest, answer: WireAnswer): ExchangeAnswer => {
  const { now, started, renewed, unknown, claimed, more, nextDueAt } = answer
  const jobs = claimed === null ? [] : toJobs(claimed, request.worker, now, request.claim?.leaseMs ?? 0)
  return { now, settled: inOrder(request, wire, answer), started, renewed, unknown, jobs, more, nextDueAt }
}
