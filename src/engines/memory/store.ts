import type { JobRecord, StoredRecord } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import type { Hint, StoredLogLine } from '../engine.ts'
import { Keys } from './keys.ts'
import { Limits } from './limits.ts'
import { SortedList } from './sorted.ts'
import { placeOf, Ties } from './ties.ts'

export interface Queue {
  readonly pausedAt: number | null
  readonly pausedBy: string | null
}
export interface Worker {
  readonly about: string
  readonly ttlMs: number
  readonly firstSeenAt: number
  readonly lastSeenAt: number
}

const byId = (a: JobRecord, b: JobRecord): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/**
 * What the memory engine remembers: plain maps, and three orders that are nothing but views of `jobs`. JavaScript runs
 * one step at a time, so a call that checks its arguments first and then writes is a transaction.
 */
export class Store {
  readonly jobs = new Map<string, JobRecord>()
  /** Ready jobs in the order of claims. */
  readonly ready = new SortedList<JobRecord>(
    (a, b) => a.priority - b.priority || a.runAt - b.runAt || byId(a, b),
  )
  /** Scheduled and retrying jobs, the earliest first. */
  readonly waiting = new SortedList<JobRecord>((a, b) => a.runAt - b.runAt || byId(a, b))
  /** Running jobs, the lease that ends first, first. */
  readonly running = new SortedList<JobRecord>((a, b) => leaseOf(a) - leaseOf(b) || byId(a, b))
  readonly keys = new Keys()
  readonly ties = new Ties()
  readonly limits = new Limits()
  readonly logs = new Map<string, StoredLogLine[]>()
  readonly records = new Map<string, StoredRecord>()
  readonly queues = new Map<string, Queue>()
  readonly workers = new Map<string, Worker>()
  /** What listeners have to be told after the present call. */
  readonly hints = new Set<Hint>()
  /** The time of the present call. */
  now = 0

  /** Puts a job in the place of the one with its id. The only way in which a job changes. */
  write(job: JobRecord): void {
    const before = this.jobs.get(job.id)
    if (before !== undefined) this.forget(before)
    Object.freeze(job)
    this.jobs.set(job.id, job)
    this.orderOf(job)?.add(job)
    if (job.state === 'ready') this.limits.countReady(job, 1)
    if (before === undefined) {
      this.ties.add(job)
      this.limits.added(job)
    }
    this.moveKey(job, before)
    this.ties.moved(job, placeOf(before), placeOf(job))
    if (!this.queues.has(job.queue)) this.queues.set(job.queue, { pausedAt: null, pausedBy: null })
    if (before?.state === job.state) return
    this.hints.add('changed')
    if (job.state === 'ready') this.hints.add('ready')
  }

  remove(job: JobRecord): void {
    this.forget(job)
    this.jobs.delete(job.id)
    this.logs.delete(job.id)
    this.keys.release(job, 'finish')
    this.ties.moved(job, placeOf(job), 'none')
    this.ties.remove(job)
    this.hints.add('changed')
  }

  /** The job when it runs under this fence, else the verdict about whoever says so. */
  underLease(id: string, fence: number): JobRecord | 'stale' | 'missing' {
    const job = this.jobs.get(id)
    if (job === undefined) return 'missing'
    return job.state === 'running' && job.fence === fence ? job : 'stale'
  }

  isPaused(queue: string): boolean {
    return (this.queues.get(queue)?.pausedAt ?? null) !== null
  }

  /** When the earliest scheduled or retrying job is due; may have passed already. */
  nextDueAt(): number | null {
    return this.waiting.items[0]?.runAt ?? null
  }

  private forget(job: JobRecord): void {
    this.orderOf(job)?.remove(job)
    if (job.state === 'ready') this.limits.countReady(job, -1)
  }

  private moveKey(job: JobRecord, before: JobRecord | undefined): void {
    if (isFinished(job.state)) this.keys.release(job, 'finish')
    else if (job.state === 'running') this.keys.release(job, 'start')
    else if (before === undefined || isFinished(before.state)) {
      // A key that is held for a time is taken once, by a new job; not by one that comes back.
      const isNew = before === undefined && job.fence === 0
      if (isNew || job.ties?.keyUntil !== 'time') this.keys.take(job, this.now)
    }
  }

  private orderOf(job: JobRecord): SortedList<JobRecord> | undefined {
    if (job.state === 'ready') return this.ready
    if (job.state === 'running') return this.running
    if (job.state === 'scheduled' || job.state === 'retrying') return this.waiting
    return undefined
  }
}

/** A running job always has a lease; the type cannot say so. */
export const leaseOf = (job: JobRecord): number => job.leaseUntil ?? 0
