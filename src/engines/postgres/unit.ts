import type { JobRecord, NewJob } from '../../core/job.ts'
import { isFinished, type JobState } from '../../core/states.ts'
import type { Hint, InsertVerdict } from '../engine.ts'
import type { StoredJob } from './records.ts'

/** What a job is before and after a unit of work; null: it does not exist. */
export interface Changed {
  readonly id: string
  readonly before: StoredJob | null
  readonly after: JobRecord | null
}

/**
 * The jobs that a call is about, as they are in the store, and what becomes of them while its elements are judged in
 * order, each one seeing what those before it did. What changed is written at the end, in a few statements.
 */
export class Unit {
  /** The store's time in this transaction. */
  readonly now: number
  readonly hints = new Set<Hint>()
  private readonly stored: ReadonlyMap<string, StoredJob>
  private readonly jobs = new Map<string, JobRecord | null>()
  private readonly heldBefore: ReadonlyMap<string, string>
  private readonly holders: Map<string, string>

  /** `holders`: of the keys that are not those of `stored`. */
  constructor(now: number, stored: readonly StoredJob[], holders: ReadonlyMap<string, string>) {
    this.now = now
    this.stored = new Map(stored.map((one) => [one.job.id, one]))
    const held = new Map(holders)
    for (const { job, holder } of stored) if (job.key !== null && holder !== null) held.set(job.key, holder)
    this.heldBefore = held
    this.holders = new Map(held)
  }

  job(id: string): JobRecord | undefined {
    const written = this.jobs.get(id)
    if (written !== undefined) return written ?? undefined
    return this.stored.get(id)?.job
  }

  holderOf(key: string): string | undefined {
    return this.holders.get(key)
  }

  /** Puts a job in the place of the one with its id. */
  write(job: JobRecord): void {
    const before = this.job(job.id)
    this.jobs.set(job.id, job)
    if (job.key !== null) {
      if (!isFinished(job.state)) this.holders.set(job.key, job.id)
      else if (this.holders.get(job.key) === job.id) this.holders.delete(job.key)
    }
    if (before?.state !== job.state) this.hint(job.state)
  }

  remove(job: JobRecord): void {
    // A null that hides what is stored.
    this.jobs.set(job.id, null)
    if (job.key !== null && this.holders.get(job.key) === job.id) this.holders.delete(job.key)
    this.hints.add('changed')
  }

  add(job: NewJob): InsertVerdict {
    if (this.job(job.id) !== undefined) return { status: 'inserted', id: job.id }
    const holder = job.key === null ? undefined : this.holders.get(job.key)
    if (holder !== undefined) return { status: 'duplicate', id: holder }
    this.write(newRecord(job, this.now))
    return { status: 'inserted', id: job.id }
  }

  /** The job when it runs under this fence, else the verdict about whoever says so. */
  underLease(id: string, fence: number): JobRecord | 'stale' | 'missing' {
    const job = this.job(id)
    if (job === undefined) return 'missing'
    return job.state === 'running' && job.fence === fence ? job : 'stale'
  }

  changed(): Changed[] {
    return [...this.jobs]
      .map(([id, after]) => ({ id, before: this.stored.get(id) ?? null, after }))
      .filter(({ before, after }) => before !== null || after !== null)
  }

  /** Keys that change hands: given back by whom, taken by whom. */
  keys(): { readonly freed: [key: string, id: string][]; readonly taken: [key: string, id: string][] } {
    const freed: [string, string][] = []
    const taken: [string, string][] = []
    for (const key of new Set([...this.heldBefore.keys(), ...this.holders.keys()])) {
      const before = this.heldBefore.get(key)
      const after = this.holders.get(key)
      if (before === after) continue
      if (before !== undefined) freed.push([key, before])
      if (after !== undefined) taken.push([key, after])
    }
    return { freed, taken }
  }

  private hint(state: JobState): void {
    this.hints.add('changed')
    if (state === 'ready') this.hints.add('ready')
  }
}

const newRecord = (job: NewJob, now: number): JobRecord => {
  const { delayMs, runAt: given, blocked, ...rest } = job
  const runAt = given ?? now + delayMs
  return {
    ...rest,
    state: blocked !== null ? 'blocked' : runAt > now ? 'scheduled' : 'ready',
    reason: blocked,
    createdAt: now,
    runAt,
    startedAt: null,
    finishedAt: null,
    attempt: 0,
    retries: 0,
    crashes: 0,
    solo: false,
    fence: 0,
    worker: null,
    leaseUntil: null,
    started: false,
    cancel: null,
    output: null,
    error: null,
    history: null,
    progress: null,
    checkpoint: null,
  }
}
