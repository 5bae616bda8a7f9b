import type { JobRecord, JobTies } from '../../core/job.ts'
import type { ClaimRequest } from '../engine.ts'
import { textsOrNull } from './arrays.ts'
import { type PgRow, toNumber, toNumberOrNull } from './driver.ts'
import type { Kind, Kinds } from './kinds.ts'
import type { Tx } from './session.ts'

/** What one claim statement answered. */
export interface Claimed {
  readonly now: number
  readonly nextDueAt: number | null
  readonly rows: readonly PgRow[]
  readonly more: boolean
  /** Others may hold all that was looked at, and there may be more behind it. */
  readonly isCrowded: boolean
  /** Some of the jobs have limits, or take turns: a claim that does not heed those takes nothing. */
  readonly takesTurns: boolean
  /** The places of jobs in the order in which they were claimed; null: it is that of (priority, runAt, id). */
  readonly order: ReadonlyMap<string, number> | null
}

/** How many more of the first jobs are looked at than are wanted, while other claims take some of them. */
const COMPANY_MAX = 8_000

/**
 * How far a claim looks. Alone, it needs no more than it wants; beside others, which hold the first jobs for the moment
 * of their own claims, it has to look behind them.
 */
export class Sight {
  private company = 0

  of(limit: number): number {
    return limit + 1 + Math.floor(this.company)
  }

  learn(limit: number, { isCrowded }: Claimed): void {
    if (isCrowded) this.company = Math.min(COMPANY_MAX, 2 * this.company + limit)
    else this.company *= 0.95
  }
}

export interface ClaimStep {
  readonly schemaLock: number
  readonly engineLock: number
  readonly sight: number
  readonly worker: string
  readonly request: ClaimRequest
  /** Called when no other claim of this engine can come before this one. */
  readonly onTurn?: () => void
}

/** Sends a claim. It is preceded by the gate at which pauses, and claims of the same engine, are waited for. */
export const claim = async (
  tx: Tx,
  { schemaLock, engineLock, sight, worker, request, onTurn }: ClaimStep,
): Promise<Claimed> => {
  const { limit, queues, tasks, order, leaseMs } = request
  const [, rows] = await Promise.all([
    tx.run('gatePass', schemaLock, engineLock).then(onTurn),
    tx.run(
      'claim',
      ...[worker, limit, textsOrNull(queues), textsOrNull(tasks), order === 'listed', leaseMs, sight],
      ...tx.at,
    ),
  ])
  const summary = rows.find(([id]) => id === null) ?? []
  const jobs = rows.filter(([id]) => id !== null)
  return {
    now: toNumber(summary[4]),
    nextDueAt: toNumberOrNull(summary[5]),
    rows: jobs,
    more: toNumber(summary[6]) === 1,
    isCrowded: jobs.length < limit && toNumber(summary[7]) === sight && toNumber(summary[6]) === 0,
    takesTurns: summary[8] === 'turns',
    order: null,
  }
}

/** The row of `notes`, as JSON. */
interface Notes {
  readonly retries: number
  readonly crashes: number
  readonly started_at: number | null
  readonly reason: string | null
  readonly output: string | null
  readonly error: string | null
  readonly history: string | null
  readonly progress: string | null
  readonly checkpoint: string | null
}
type Rest = readonly [
  leaseMs: number | null,
  maxRetries: number | null,
  group: string | null,
  options: string | null,
  key: string | null,
  ref: string | null,
  tags: string | null,
  solo: boolean,
  notes: Notes | null,
  ties: string | null,
]
const NOTHING: Rest = [null, null, null, null, null, null, null, false, null, null]

const toJob = (
  row: PgRow,
  kinds: ReadonlyMap<number, Kind>,
  { now, worker, leaseMs }: { now: number; worker: string; leaseMs: number },
): JobRecord => {
  const kind = kinds.get(row[1] as number)
  const rest = row[8] === null ? NOTHING : (JSON.parse(row[8] as string) as Rest)
  const [ownLeaseMs, maxRetries, group, options, key, ref, tags, solo, notes, ties] = rest
  return {
    id: row[0] as string,
    task: kind?.task ?? '',
    queue: kind?.queue ?? '',
    group,
    priority: row[3] as number,
    payload: row[2] as string,
    maxRetries,
    leaseMs: ownLeaseMs,
    options,
    key,
    ref,
    tags,
    ties: ties === null ? null : (JSON.parse(ties) as JobTies),
    state: 'running',
    reason: notes?.reason ?? null,
    createdAt: row[4] as number,
    runAt: row[5] as number,
    startedAt: solo ? now : (notes?.started_at ?? null),
    finishedAt: null,
    attempt: row[6] as number,
    retries: notes?.retries ?? 0,
    crashes: notes?.crashes ?? 0,
    solo,
    fence: row[7] as number,
    worker,
    leaseUntil: now + (ownLeaseMs ?? leaseMs),
    started: solo,
    cancel: null,
    output: notes?.output ?? null,
    error: notes?.error ?? null,
    history: notes?.history ?? null,
    progress: notes?.progress ?? null,
    checkpoint: notes?.checkpoint ?? null,
  }
}

/** Whether a claimed job has notes. */
export const isNoted = (row: PgRow): boolean =>
  row[8] !== null && (JSON.parse(row[8] as string) as Rest)[8] !== null

/** Claimed jobs in the order in which they were to be claimed. */
export const toJobs = async (
  claimed: Claimed,
  kinds: Kinds,
  { worker, request }: { worker: string; request: ClaimRequest },
): Promise<JobRecord[]> => {
  const { rows, now, order: places } = claimed
  if (rows.length === 0) return []
  const names = await kinds.read([...new Set(rows.map((row) => row[1] as number))])
  const jobs = rows.map((row) => toJob(row, names, { now, worker, leaseMs: request.leaseMs }))
  if (places !== null) return jobs.sort((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0))
  const { queues, order } = request
  const turn = (job: JobRecord): number => (order === 'listed' ? (queues?.indexOf(job.queue) ?? 0) : 0)
  return jobs.sort(
    (a, b) =>
      turn(a) - turn(b) ||
      a.priority - b.priority ||
      a.runAt - b.runAt ||
      (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  )
}
