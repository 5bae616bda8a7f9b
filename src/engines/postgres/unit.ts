import { startBy } from '../../core/flow.ts'
import type { JobRecord, NewJob } from '../../core/job.ts'
import { isFinished, type JobState } from '../../core/states.ts'
import type { BatchRow, Hint, InsertVerdict } from '../engine.ts'
import type { Hold, StoredJob } from './records.ts'
import { batchTarget, jobTarget } from './targets.ts'

export type Place = keyof BatchRow
export const PLACES: readonly Place[] = ['unfinished', 'completed', 'cancelled', 'dead', 'removed']
const placeOf = ({ state }: JobRecord): Place => (isFinished(state) ? state : 'unfinished')

/** What a unit of work changes about ties. */
class TieChanges {
  readonly added: [target: string, id: string][] = []
  /** Topic, space, id. */
  readonly news = new Set<string>()
  readonly batches = new Map<string, Record<Place, number>>()
  readonly startBy = new Map<string, { readonly at: number; readonly isSet: boolean }>()
  /** Jobs on which others depend from now on. */
  readonly awaited = new Set<string>()

  count(batch: string, from: Place | null, to: Place): void {
    const row = this.batches.get(batch) ?? { unfinished: 0, completed: 0, cancelled: 0, dead: 0, removed: 0 }
    if (from !== null) row[from]--
    row[to]++
    this.batches.set(batch, row)
  }
}

/** How many jobs of a group became ready, less those that did so no more: at the end, and at the least on the way. */
export interface Readiness {
  readonly queue: string
  readonly group: string | null
  sum: number
  least: number
}

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
  private readonly heldBefore: ReadonlyMap<string, Hold>
  private readonly holds: Map<string, Hold>

  /** Who depends on a job, stored or added. */
  private readonly children: Map<string, Set<string>>
  readonly ties = new TieChanges()
  private readonly groups = new Map<string, Readiness>()

  /** `holds`: of the keys that are not those of `stored`. */
  constructor(
    now: number,
    stored: readonly StoredJob[],
    holds: ReadonlyMap<string, Hold>,
    children: Map<string, Set<string>>,
  ) {
    this.now = now
    this.stored = new Map(stored.map((one) => [one.job.id, one]))
    this.children = children
    const held = new Map(holds)
    for (const { job, hold } of stored) if (job.key !== null && hold !== null) held.set(job.key, hold)
    for (const [key, { expiresAt }] of held) if (expiresAt !== null && expiresAt <= now) held.delete(key)
    this.heldBefore = held
    this.holds = new Map(held)
  }

  job(id: string): JobRecord | undefined {
    const written = this.jobs.get(id)
    if (written !== undefined) return written ?? undefined
    return this.stored.get(id)?.job
  }

  holderOf(key: string | null): string | undefined {
    return key === null ? undefined : this.holds.get(key)?.id
  }

  /** Puts a job in the place of the one with its id. */
  write(job: JobRecord): void {
    const before = this.job(job.id)
    this.jobs.set(job.id, job)
    if (isFinished(job.state)) this.release(job)
    else if (before !== undefined && isFinished(before.state)) this.take(job)
    if (before !== undefined) this.moved(before, job)
    if (before?.state !== job.state) this.hint(job.state)
    this.countReady(before, job)
  }

  remove(job: JobRecord): void {
    // A null that hides what is stored.
    this.jobs.set(job.id, null)
    this.release(job)
    this.moved(job, null)
    this.hints.add('changed')
    this.countReady(job, undefined)
  }

  add(job: NewJob): InsertVerdict {
    if (this.job(job.id) !== undefined) return { status: 'inserted', id: job.id }
    const holder = this.holderOf(job.key)
    if (holder !== undefined && holder !== job.ties?.keyFrom) return { status: 'duplicate', id: holder }
    const record = newRecord(job, this.now)
    this.hold(record)
    this.write(record)
    this.bind(record, true)
    return { status: 'inserted', id: job.id }
  }

  /** A job comes back as it was. A finished one was counted in its batch when it ended. */
  restore(job: JobRecord): void {
    this.write({ ...job })
    if (!isFinished(job.state)) this.take(job)
    this.bind(job, false)
  }

  /** Whether its end concerns anyone else. */
  isBound({ id, ties }: JobRecord): boolean {
    return ties !== null || (this.children.get(id)?.size ?? 0) > 0
  }

  /** Stored jobs that were not changed and on which others depend from now on. */
  awaited(): StoredJob[] {
    return [...this.ties.awaited].flatMap((id) => (this.jobs.has(id) ? [] : (this.stored.get(id) ?? [])))
  }

  /** Gives its key to a job, whoever had it. */
  private hold({ id, key, ties }: JobRecord): void {
    if (key === null) return
    const ms = ties?.keyMs ?? null
    this.holds.set(key, {
      id,
      until: ties?.keyUntil ?? 'finish',
      expiresAt: ms === null ? null : this.now + ms,
    })
  }

  /** A job lives again. A key that was held for a time was held once. */
  private take(job: JobRecord): void {
    if (job.ties?.keyUntil !== 'time') this.hold(job)
  }

  private release({ id, key }: JobRecord): void {
    const hold = key === null ? undefined : this.holds.get(key)
    if (key !== null && hold?.id === id && hold.until !== 'time') this.holds.delete(key)
  }

  private bind(job: JobRecord, isNew: boolean): void {
    const { id, ties, state, attempt } = job
    if (ties === null) return
    const at = startBy(job)
    if (at !== null && attempt === 0 && !isFinished(state)) this.ties.startBy.set(id, { at, isSet: true })
    if (ties.batch !== null) {
      this.ties.added.push([batchTarget(ties.batch), id])
      if (!isFinished(state)) this.ties.count(ties.batch, null, 'unfinished')
    }
    let isOver = false
    for (const parent of ties.parents) {
      this.ties.added.push([jobTarget(parent.id), id])
      this.children.set(parent.id, (this.children.get(parent.id) ?? new Set()).add(id))
      const stored = this.job(parent.id)
      if (stored === undefined || isFinished(stored.state)) isOver = true
      else this.ties.awaited.add(parent.id)
    }
    if (isOver && isNew) this.ties.news.add(`job ${id}`)
  }

  /** A job went from one state to another, or was removed (null). */
  private moved(before: JobRecord, after: JobRecord | null): void {
    const { id, ties } = before
    const at = startBy(before)
    if (at !== null) {
      const isSet = after !== null && !isFinished(after.state) && after.attempt === 0
      this.ties.startBy.set(id, { at, isSet })
    }
    const from = placeOf(before)
    const to = after === null ? 'removed' : placeOf(after)
    // That a finished job is forgotten changes nothing of what became of it.
    if (from === to || (from !== 'unfinished' && to === 'removed')) return
    const batch = ties?.batch ?? null
    if (batch !== null) this.ties.count(batch, from, to)
    if (to === 'unfinished') return
    for (const child of this.children.get(id) ?? []) this.ties.news.add(`job ${child}`)
    if (batch !== null) this.ties.news.add(`batch ${batch}`)
  }

  /** The job when it runs under this fence, else the verdict about whoever says so. */
  underLease(id: string, fence: number): JobRecord | 'stale' | 'missing' {
    const job = this.job(id)
    if (job === undefined) return 'missing'
    return job.state === 'running' && job.fence === fence ? job : 'stale'
  }

  private countReady(before: JobRecord | undefined, after: JobRecord | undefined): void {
    const { queue, group } = (before ?? after) as JobRecord
    const name = JSON.stringify([queue, group])
    const one = this.groups.get(name) ?? { queue, group, sum: 0, least: 0 }
    if (before?.state === 'ready') one.sum--
    one.least = Math.min(one.least, one.sum)
    if (after?.state === 'ready') one.sum++
    this.groups.set(name, one)
  }

  /** What became of the groups of jobs that were written. */
  readiness(): Readiness[] {
    return [...this.groups.values()]
  }

  changed(): Changed[] {
    return [...this.jobs]
      .map(([id, after]) => ({ id, before: this.stored.get(id) ?? null, after }))
      .filter(({ before, after }) => before !== null || after !== null)
  }

  /** Keys that change hands: given back by whom, taken by whom. */
  keys(): { readonly freed: [key: string, id: string][]; readonly taken: [key: string, hold: Hold][] } {
    const freed: [string, string][] = []
    const taken: [string, Hold][] = []
    for (const key of new Set([...this.heldBefore.keys(), ...this.holds.keys()])) {
      const before = this.heldBefore.get(key)
      const after = this.holds.get(key)
      if (before === after) continue
      if (before !== undefined) freed.push([key, before.id])
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
