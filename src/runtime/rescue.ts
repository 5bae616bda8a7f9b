import { deadlineOf } from '../core/deadline.ts'
import { decide, resolvePolicy } from '../core/decide.ts'
import type { JobOptions, JobRecord, Settlement } from '../core/job.ts'
import { ENGINE_BATCH_MAX } from '../core/limits.ts'
import { taskName } from '../core/task-name.ts'
import { toJob } from '../core/view.ts'
import type { ExpiredRequest } from '../engines/engine.ts'
import { within } from './deadline.ts'
import type { RuntimeDeps } from './deps.ts'
import { settled } from './worker/tell.ts'

export interface RescueOptions {
  readonly deps: RuntimeDeps
  /** Who writes, in the history of the jobs. */
  readonly by: string
  readonly callTimeoutMs: number
}

/** The last sign of life of a worker, or the last change of a lease, as this process saw it. */
interface Sighting {
  /** The store's time of the worker's newest beat; or the end of the lease, by the store's clock. */
  readonly mark: number | null
  /** When this process first saw that one (monotonic). */
  readonly since: number
}

/**
 * Finds jobs whose worker died or was cut off and decides about them: list → decide → compare-and-set with the fence
 * that was listed, so that any number of sweepers, and a worker that lives after all, cannot harm each other.
 *
 * A lease that ran out by the store's clock is not enough: that clock may have jumped. A worker is taken for dead only
 * when this process, by its own monotonic clock, has heard nothing new of it for a whole sweep. Someone who watches all
 * the time has that knowledge when the lease ends; only a sweeper that has just started must wait for it.
 *
 * A worker that lives may have a job that it does not know of: its claim was carried out after it had asked what it
 * holds, and the answer was lost with the connection. It renews all that it knows, so a lease that stays ended for as
 * long as a lease lasts is nobody's, whoever may be alive.
 */
export class Rescuer {
  #options: RescueOptions
  #sightings = new Map<string, Sighting>()
  /** Of leases that have ended, by the id of the job. */
  #ended = new Map<string, Sighting>()

  constructor(options: RescueOptions) {
    this.#options = options
  }

  /** One sweep. Answers how many milliseconds it wants the next one in, or null when the usual pace will do. */
  async sweep(): Promise<number | null> {
    const { deps } = this.#options
    const quietMs = deps.settings.sweepMs
    const expired = await this.#expired()
    const now = deps.clock.monotonic()
    await this.#look(now, expired)
    this.#watch(now, expired)
    let again: number | null = null
    const dead: JobRecord[] = []
    for (const job of expired) {
      const silentMs = now - (this.#sightings.get(job.worker ?? '')?.since ?? now)
      const endedMs = now - (this.#ended.get(job.id)?.since ?? now)
      if (silentMs >= quietMs || endedMs >= Math.max(deps.settings.leaseMs, job.leaseMs ?? 0)) dead.push(job)
      else again = Math.min(again ?? quietMs, quietMs - silentMs)
    }
    for (let from = 0; from < dead.length; from += ENGINE_BATCH_MAX) {
      await this.#settle(dead.slice(from, from + ENGINE_BATCH_MAX))
    }
    return again
  }

  /** Every running job whose lease ran out, page by page: rows that cannot be handled hide none behind them. */
  async #expired(): Promise<JobRecord[]> {
    const { deps, callTimeoutMs } = this.#options
    const all: JobRecord[] = []
    let after: ExpiredRequest['after'] = null
    for (let page = 0; page < PAGES_MAX; page++) {
      const request: ExpiredRequest = { limit: ENGINE_BATCH_MAX, after }
      const jobs = await within(deps.clock, callTimeoutMs, () => deps.engine.expired(request))
      all.push(...jobs)
      const last = jobs.at(-1)
      if (jobs.length < ENGINE_BATCH_MAX || last === undefined) break
      after = { leaseUntil: last.leaseUntil ?? 0, id: last.id }
    }
    return all
  }

  /** Notes signs of life: a worker that has beaten since the last look. Workers beat at least once a sweep. */
  async #look(now: number, expired: readonly JobRecord[]): Promise<void> {
    const { deps, callTimeoutMs } = this.#options
    const rows = await within(deps.clock, callTimeoutMs, () => deps.engine.workers())
    const heard = new Set<string>()
    for (const { id, lastSeenAt } of rows) {
      heard.add(id)
      if (this.#sightings.get(id)?.mark !== lastSeenAt)
        this.#sightings.set(id, { mark: lastSeenAt, since: now })
    }
    // A worker that never beat, or whose beats the store has forgotten: silent since we first met its lease.
    for (const { worker } of expired) {
      const id = worker ?? ''
      heard.add(id)
      if (!this.#sightings.has(id)) this.#sightings.set(id, { mark: null, since: now })
    }
    for (const id of this.#sightings.keys()) if (!heard.has(id)) this.#sightings.delete(id)
  }

  /** Notes since when each lease has been seen ended. A renewal gives it another end. */
  #watch(now: number, expired: readonly JobRecord[]): void {
    const before = this.#ended
    this.#ended = new Map()
    for (const { id, leaseUntil } of expired) {
      const known = before.get(id)
      this.#ended.set(id, known?.mark === leaseUntil ? known : { mark: leaseUntil, since: now })
    }
  }

  async #settle(jobs: readonly JobRecord[]): Promise<void> {
    const { deps, callTimeoutMs } = this.#options
    const at = await within(deps.clock, callTimeoutMs, () => deps.engine.now())
    const settle = jobs.map((job) => this.#decide(job, at))
    const answer = await within(deps.clock, callTimeoutMs, () =>
      deps.engine.exchange({ worker: null, settle }),
    )
    jobs.forEach((job, index) => {
      // Everything else: someone was faster, or the request to cancel came in between and is seen next time.
      if (answer.settled[index] !== 'ok') return
      this.#tell(job, settle[index] as Settlement, at)
    })
  }

  #tell(job: JobRecord, settlement: Settlement, at: number): void {
    const { logger, events, tasks } = this.#options.deps
    const { to, reason, crashes } = settlement
    const fields = {
      job: job.id,
      task: job.task,
      worker: job.worker,
      state: to,
      reason,
      crashes,
      started: job.started,
    }
    logger.warn(fields, 'a job was taken from a lost worker')
    const event = to === 'dead' || to === 'cancelled' ? to : 'failed'
    const view = () => toJob(settled(job, settlement, at), tasks.get(taskName(job.task))?.retry?.maxRetries)
    if (events.has('expired')) events.emit('expired', view())
    // Going back to ready without a charge happened to nobody.
    if ((to === 'ready' && !job.started) || !events.has(event)) return
    events.emit(event, view())
  }

  #decide(job: JobRecord, at: number): Settlement {
    const { deps, by } = this.#options
    const own = ownPolicy(job)
    const run = {
      started: job.started,
      startedAt: job.startedAt,
      at,
      by,
      random: deps.random(),
      deadlineAt: deadlineOf(job, own.deadlineMs ?? null),
    }
    const retry = deps.tasks.get(taskName(job.task))?.retry ?? {}
    return decide(job, { kind: 'expired' }, run, resolvePolicy(job, own, retry))
  }
}

/** Pages of one sweep: a hundred thousand leases; what is beyond them waits for the next. */
const PAGES_MAX = 100

const ownPolicy = ({ options }: JobRecord): JobOptions => {
  try {
    return options === null ? {} : (JSON.parse(options) as JobOptions)
  } catch {
    // Spoiled by another program; the default policy is better than a job that is never rescued.
    return {}
  }
}
