import { isPosthasteError } from '../../core/errors.ts'
import { ARCHIVE_ENGINE_MAX, ARCHIVE_PRESSED_MS } from '../../core/limits.ts'
import { FINISHED_STATES, type FinishedState, isFinished } from '../../core/states.ts'
import type { ArchiveSweep } from '../archived.ts'
import type { Engine, FinishedRequest, KeptJob } from '../engine.ts'
import type { Guard } from './guard.ts'
import { removalOf, type Shadows } from './shadows.ts'

/** Jobs in one step. With large payloads and long logs, so many that they stay within the bytes. */
const BATCH_MIN = 10
const BATCH_MAX = 500
const BATCH_BYTES = 4 * 1024 * 1024
/** Steps of one sweep and state: a longer backlog is worked off in several sweeps, so that stopping never waits for it. */
const STEPS_MAX = 5

/**
 * Moves finished jobs from the engine into the archive: first they are stored there, durably; then they are removed
 * here, those that are still as they were read. A crash in between leaves them in both, and the next sweep, of whichever
 * process, ends what was begun. Any number of processes may sweep at once.
 */
export class Mover {
  readonly #engine: Engine
  readonly #guard: Guard
  readonly #shadows: Shadows
  readonly #afterMs: number
  readonly #key: string
  #batch = BATCH_MIN
  #isNoted = false

  constructor(options: {
    readonly engine: Engine
    readonly guard: Guard
    readonly shadows: Shadows
    readonly afterMs: number
    /** Differs from that of every other mover. */
    readonly name: string
  }) {
    this.#engine = options.engine
    this.#guard = options.guard
    this.#shadows = options.shadows
    this.#afterMs = options.afterMs
    this.#key = `moving ${options.name}`
  }

  /** @throws E_ARCHIVE, and the errors of the engine; safe to repeat */
  async sweep(): Promise<ArchiveSweep> {
    await this.#shadows.tidy()
    const at = await this.#engine.now()
    const ageMs = await this.#age()
    const refused: { id: string; error: unknown }[] = []
    let moved = 0
    let more = false
    for (const state of FINISHED_STATES) {
      const one = await this.#sweepState(state, ageMs, at, refused)
      moved += one.moved
      more ||= one.more
    }
    if (this.#isNoted) {
      // Written, not deleted: its version tells whoever counts that something moved meanwhile.
      await this.#shadows.write({ why: 'both', at, ids: [] }, this.#key)
      this.#isNoted = false
    }
    return { moved, more, refused }
  }

  /** How long jobs stay in the engine after their end: not as long when there are many of them. */
  async #age(): Promise<number> {
    if (this.#afterMs <= ARCHIVE_PRESSED_MS) return this.#afterMs
    const counts = await this.#engine.counts()
    const finished = counts.reduce((sum, { state, count }) => sum + (isFinished(state) ? count : 0), 0)
    return finished > ARCHIVE_ENGINE_MAX ? ARCHIVE_PRESSED_MS : this.#afterMs
  }

  async #sweepState(
    state: FinishedState,
    ageMs: number,
    at: number,
    refused: { id: string; error: unknown }[],
  ): Promise<{ readonly moved: number; readonly more: boolean }> {
    let after: FinishedRequest['after'] = null
    let moved = 0
    for (let step = 0; step < STEPS_MAX; step++) {
      const limit = this.#batch
      const jobs = await this.#engine.finished({ state, ageMs, after, limit })
      const last = jobs.at(-1)?.job
      if (last === undefined) return { moved, more: false }
      moved += await this.#move(jobs, at, refused)
      if (jobs.length < limit) return { moved, more: false }
      after = { finishedAt: last.finishedAt ?? 0, id: last.id }
    }
    return { moved, more: moved > 0 }
  }

  async #move(
    jobs: readonly KeptJob[],
    at: number,
    refused: { id: string; error: unknown }[],
  ): Promise<number> {
    this.#adapt(jobs)
    this.#isNoted = true
    const ids = jobs.map(({ job }) => job.id)
    await this.#shadows.write({ why: 'both', at, ids }, this.#key)
    const stored = await this.#store(jobs, refused)
    const verdicts = await this.#engine.change(stored.map(({ job }) => removalOf(job)))
    const having = (status: string) => stored.filter((_, index) => verdicts[index]?.status === status)
    const moved = having('ok').length
    this.#guard.moved += moved
    // Sent round again meanwhile: the copy is of its past, and must not count beside it.
    const revived = having('stale').map(({ job }) => job.id)
    if (revived.length > 0) await this.#shadows.write({ why: 'both', at, ids: revived })
    // Another sweep was faster; or somebody removed it, and then its copy has to go, too.
    if (having('missing').length > 0) await this.#shadows.tidy()
    return moved
  }

  /** Those of the jobs that are in the archive now, in this form or a later one. */
  async #store(jobs: readonly KeptJob[], refused: { id: string; error: unknown }[]): Promise<KeptJob[]> {
    try {
      const verdicts = await this.#guard.ask((archive) => archive.restore(jobs))
      const known = jobs.filter((_, index) => verdicts[index]?.status !== 'ok')
      if (known.length === 0) return [...jobs]
      const copies = await this.#guard.ask((archive) => archive.get(known.map(({ job }) => job.id)))
      const isThere = new Map(
        copies.map((copy, index) => [
          known[index],
          copy !== null && isFinished(copy.state) && copy.fence >= (known[index]?.job.fence ?? 0),
        ]),
      )
      return jobs.filter((job) => isThere.get(job) ?? true)
    } catch (error) {
      // The engine kept it, so the archive should: whatever is wrong with one job must not keep the others back.
      if (isPosthasteError(error, 'E_ARCHIVE')) throw error
      if (jobs.length > 1) {
        const stored: KeptJob[] = []
        for (const job of jobs) stored.push(...(await this.#store([job], refused)))
        return stored
      }
      for (const { job } of jobs) refused.push({ id: job.id, error })
      return []
    }
  }

  #adapt(jobs: readonly KeptJob[]): void {
    const bytes = jobs.reduce((sum, one) => sum + sizeOf(one), 0)
    const each = Math.max(1, bytes / jobs.length)
    this.#batch = Math.round(Math.min(BATCH_MAX, Math.max(BATCH_MIN, BATCH_BYTES / each), this.#batch * 4))
  }
}

/** Roughly what a job takes on its way: its long texts. */
const sizeOf = ({ job, log }: KeptJob): number => {
  const texts = [job.payload, job.output, job.error, job.history, job.progress, job.checkpoint, job.options]
  const own = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0)
  return log.reduce((sum, { message }) => sum + message.length, own)
}
