import { idTime } from '../core/ids.ts'
import { ENGINE_BATCH_MAX, PAGE_SIZE_MAX } from '../core/limits.ts'
import { isFinished, LIVE_STATES } from '../core/states.ts'
import { type Job, toJob } from '../core/view.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import type { ListOptions } from '../runtime/query.ts'

/** Jobs that are looked at again and again, in one call: the newest unfinished ones, then the newest finished ones. */
export const FOLLOWED_MAX = ENGINE_BATCH_MAX
/** Ids are made by clients: a job may be stored after one whose id is this much newer. */
const OVERLAP_MS = 2_000

export interface Look {
  /** Jobs that are new, or in another state or run than before. */
  readonly changed: readonly Job[]
  /** There were more new jobs than one look tells of. */
  readonly missed: boolean
}

/**
 * Sees what happens to jobs from outside, by looking: those that were unfinished at the beginning, and every one that
 * came since. A look costs a page or two of the newest jobs, and one call for those that are known.
 */
export class Followed {
  readonly #posthaste: Posthaste
  readonly #places: Pick<ListOptions, 'queue' | 'task'>
  /** Marks of unfinished and of finished jobs as they were last told, the oldest acquaintance first. */
  readonly #live = new Map<string, string>()
  readonly #finished = new Map<string, string>()
  /** Where new jobs are looked for: ids made since then. */
  #sinceMs = 0

  constructor(posthaste: Posthaste, places: Pick<ListOptions, 'queue' | 'task'>) {
    this.#posthaste = posthaste
    this.#places = places
  }

  /** Notes how things are now. Answers whether there are more unfinished jobs than are followed. */
  async begin(): Promise<boolean> {
    const { jobs } = await this.#posthaste.list({ ...this.#places, limit: 1 })
    this.#seen(jobs)
    const live = await this.#newest({ state: LIVE_STATES }, 0)
    const recent = await this.#newest({}, this.#sinceMs)
    for (const job of [...live.jobs, ...recent.jobs].reverse()) this.#note(job)
    return live.more
  }

  async look(): Promise<Look> {
    const room = FOLLOWED_MAX - this.#live.size
    const known = [
      ...this.#live.keys(),
      ...[...this.#finished.keys()].slice(Math.max(0, this.#finished.size - room)),
    ]
    const records = await this.#posthaste.engine.get(known)
    const fresh = await this.#newest({}, this.#sinceMs)
    this.#seen(fresh.jobs)
    const oldest = fresh.jobs.at(-1)
    const missed = fresh.more && oldest !== undefined && !this.#isKnown(oldest.id)
    const changed = [
      ...records.flatMap((record) => (record === null ? [] : toJob(record))),
      ...fresh.jobs.reverse(),
    ]
    // What was removed is forgotten; nobody asks for it again.
    for (const [index, id] of known.entries()) if (records[index] === null) this.#forget(id)
    return { changed: changed.filter((job) => this.#note(job)), missed }
  }

  #seen(jobs: readonly Job[]): void {
    for (const { id } of jobs) this.#sinceMs = Math.max(this.#sinceMs, idTime(id) - OVERLAP_MS)
  }

  /** Whether it is another than it was. */
  #note({ id, state, fence }: Job): boolean {
    const mark = `${state} ${fence}`
    if ((this.#live.get(id) ?? this.#finished.get(id)) === mark) return false
    this.#forget(id)
    const marks = isFinished(state) ? this.#finished : this.#live
    marks.set(id, mark)
    const [oldest] = marks.keys()
    if (marks.size > FOLLOWED_MAX && oldest !== undefined) marks.delete(oldest)
    return true
  }

  #isKnown(id: string): boolean {
    return this.#live.has(id) || this.#finished.has(id)
  }

  #forget(id: string): void {
    this.#live.delete(id)
    this.#finished.delete(id)
  }

  /** The newest first, as many as are followed. */
  async #newest(
    filters: Pick<ListOptions, 'state'>,
    sinceMs: number,
  ): Promise<{ readonly jobs: Job[]; readonly more: boolean }> {
    const jobs: Job[] = []
    let cursor: string | null = null
    do {
      const page = await this.#posthaste.list({ ...filters, ...this.#places, cursor, limit: PAGE_SIZE_MAX })
      const since = page.jobs.filter(({ id }) => idTime(id) >= sinceMs)
      jobs.push(...since)
      cursor = since.length < page.jobs.length ? null : page.cursor
    } while (cursor !== null && jobs.length < FOLLOWED_MAX)
    return { jobs, more: cursor !== null }
  }
}
