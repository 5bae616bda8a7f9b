import { BLOB_SWEEP_MS } from '../blobs/limits.ts'
import type { Clock, Timer } from '../core/clock.ts'
import {
  AUDIT_PRUNE_MS,
  BATCH_RETENTION_MS,
  BREAKER_RESUME_MS,
  BULK_SWEEP_MS,
  DECIDE_MS,
  ENGINE_BATCH_MAX,
  PRUNE_BATCH,
  RETENTION_MIN_AGE_MS,
} from '../core/limits.ts'
import { FINISHED_STATES, type FinishedState } from '../core/states.ts'
import type { Archiver } from '../engines/archived.ts'
import { Ager } from './ager.ts'
import type { Audit } from './audit.ts'
import type { Batches } from './batches.ts'
import type { OwnBulk } from './bulk/bulk.ts'
import { within } from './deadline.ts'
import { Decider } from './decider.ts'
import type { RuntimeDeps } from './deps.ts'
import { Rescuer } from './rescue.ts'
import { Ticker } from './ticker.ts'

/**
 * The housekeeping of an installation: promotes jobs whose time has come, fires schedules, rescues jobs of lost workers,
 * prunes what is past its retention, takes up bulk runs that nobody carries out, and moves what has finished into the archive, if there is one. Any number of
 * processes may do it at once: every step is compare-and-set or removes what anyone
 * would remove. Without any maintainer nothing is lost; it only waits.
 */
export interface Maintainer {
  /** Begins at once. Safe to repeat. */
  start(): void
  /** Waits for the steps under way, each of which has a deadline. Safe to repeat. */
  stop(): Promise<void>
}

/** How long one call may take before the step is given up and tried again. */
const CALL_TIMEOUT_MS = 5_000
/** After a failed step: doubled from the first to the last, half of it random. */
const RETRY_FIRST_MS = 100
const RETRY_LAST_MS = 5_000
/** Calls of one step: a longer backlog is worked off in several steps, so that stopping never waits for it. */
const CALLS_MAX = 20
/** After a hint that jobs changed: several changes are looked at together. */
const DECIDE_HINT_MS = 20
/** When more is left to prune than one step took. */
const PRUNE_AGAIN_MS = 1_000

/** Parts of an installation that need housekeeping of their own. */
export interface Maintained {
  readonly batches: Pick<Batches, 'decide' | 'prune'>
  readonly bulk: Pick<OwnBulk, 'sweep'>
  readonly audit: Pick<Audit, 'prune'>
}

export const createMaintainer = (deps: RuntimeDeps, { batches, bulk, audit }: Maintained): Maintainer => {
  const { engine, clock, settings } = deps
  const ask = <T>(call: () => Promise<T>): Promise<T> => within(clock, CALL_TIMEOUT_MS, call)
  const rescuer = new Rescuer({ deps, by: 'maintainer', callTimeoutMs: CALL_TIMEOUT_MS })

  const decider = new Decider({ deps, callTimeoutMs: CALL_TIMEOUT_MS, decideBatches: batches.decide })

  const promote = async (): Promise<number> => {
    for (let call = 0; call < CALLS_MAX; call++) {
      const { promoted, nextDueAt } = await ask(() => engine.promote({ limit: ENGINE_BATCH_MAX }))
      if (promoted === ENGINE_BATCH_MAX) continue
      if (nextDueAt === null) return settings.promoteMs
      const dueMs = nextDueAt - clock.now()
      // A store whose clock is behind ours calls it due later: the usual pace, not a hurry.
      return dueMs > 0 ? Math.min(dueMs, settings.promoteMs) : settings.promoteMs
    }
    return 0
  }

  const rescue = async (): Promise<number> => {
    const soonMs = await rescuer.sweep()
    await decider.expire()
    return soonMs === null ? settings.sweepMs : Math.min(soonMs, settings.sweepMs)
  }

  const prune = async (): Promise<number> => {
    let left = false
    await batches.prune(BATCH_RETENTION_MS)
    for (const state of FINISHED_STATES) left = (await pruneState(state)) || left
    return left ? Math.min(PRUNE_AGAIN_MS, settings.pruneMs) : settings.pruneMs
  }

  const pruneState = async (state: FinishedState): Promise<boolean> => {
    const request = {
      state,
      ...settings.retention[state],
      minAgeMs: RETENTION_MIN_AGE_MS,
      limit: PRUNE_BATCH,
    }
    for (let call = 0; call < CALLS_MAX; call++) {
      const { removed, more } = await ask(() => engine.prune(request))
      if (removed > 0) deps.logger.debug({ state, removed }, 'finished jobs pruned')
      if (!more || removed === 0) return false
    }
    return true
  }

  const decide = async (): Promise<number> => {
    await decider.sweep()
    return DECIDE_MS
  }

  const ticker = new Ticker(deps, ask)

  const ticking = new Round(deps, 'tick', () => ticker.sweep())
  const archive = async (archiver: Archiver): Promise<number> => {
    const { moved, more, refused } = await archiver.sweep()
    if (moved > 0) deps.logger.debug({ moved }, 'finished jobs moved into the archive')
    for (const { id, error } of refused)
      deps.logger.warn({ job: id, err: error }, 'the archive does not take a job; it stays in the engine')
    return more ? 0 : settings.archiveSweepMs
  }

  const takingUp = new Round(deps, 'bulk', async () => {
    await bulk.sweep()
    return BULK_SWEEP_MS
  })
  const auditing = new Round(deps, 'audit', async () => {
    await audit.prune()
    return AUDIT_PRUNE_MS
  })
  const sweepBlobs = async (): Promise<number> => {
    const { removed, bytes } = await deps.blobs.sweep()
    if (removed > 0) deps.logger.debug({ removed, bytes }, 'expired blobs removed')
    return BLOB_SWEEP_MS
  }

  const { archiver, breaker } = deps
  const resuming = breaker.resumes
    ? new Round(deps, 'breaker', async () => {
        await ask(() => breaker.resume())
        return BREAKER_RESUME_MS
      })
    : null
  const ager = settings.ageing === null ? null : new Ager(deps, ask, settings.ageing)
  const ageing = ager === null ? null : new Round(deps, 'age', () => ager.sweep())
  const archiving = archiver === null ? null : new Round(deps, 'archive', () => archive(archiver))
  const promoting = new Round(deps, 'promote', promote)
  const deciding = new Round(deps, 'decide', decide)
  const rescuing = new Round(deps, 'rescue', rescue)
  const pruning = new Round(deps, 'prune', prune)
  const sweeping = new Round(deps, 'blobs', sweepBlobs)
  let listening: { close(): Promise<void> } | null = null
  let isStopped = false
  /** Jobs that ended may have been waited for. Hints may be lost: then the next round finds it. */
  const listen = async (): Promise<void> => {
    try {
      const heard = await engine.listen((hint) => {
        if (hint === 'changed') deciding.soon(DECIDE_HINT_MS)
      })
      if (isStopped) await heard.close()
      else listening = heard
    } catch (error) {
      deps.logger.debug({ err: error }, 'hints of the store are not heard')
    }
  }
  return {
    start() {
      promoting.start(0)
      ticking.start(0)
      deciding.start(0)
      void listen()
      rescuing.start(0)
      // Processes that were started together do not prune together.
      pruning.start(deps.random() * settings.pruneMs)
      sweeping.start(deps.random() * BLOB_SWEEP_MS)
      resuming?.start(0)
      ageing?.start(0)
      archiving?.start(deps.random() * settings.archiveSweepMs)
      takingUp.start(deps.random() * BULK_SWEEP_MS)
      auditing.start(deps.random() * AUDIT_PRUNE_MS)
    },
    async stop() {
      isStopped = true
      const rounds = [promoting, ticking, deciding, rescuing, pruning, sweeping, archiving]
      const others = [takingUp, auditing, resuming, ageing]
      await Promise.all([...rounds, ...others].map((round) => round?.stop()))
      await listening?.close()
    },
  }
}

/** Asked for again while it was under way. */
const AGAIN_MS = 20

/** Repeats one step for ever: never twice at once, never at the pace of a failing store. */
class Round {
  #deps: RuntimeDeps
  #name: string
  #step: () => Promise<number>
  #timer: Timer | null = null
  #running: Promise<void> | null = null
  #state: 'new' | 'going' | 'stopped' = 'new'
  #failures = 0
  #dueAt = 0
  #again = false

  /** @param step does its work and answers in how many ms it wants to be called again */
  constructor(deps: RuntimeDeps, name: string, step: () => Promise<number>) {
    this.#deps = deps
    this.#name = name
    this.#step = step
  }

  start(afterMs: number): void {
    if (this.#state !== 'new') return
    this.#state = 'going'
    this.#arm(afterMs)
  }

  /** Asks for the next step within `ms`. One that is under way is followed by another. */
  soon(ms: number): void {
    if (this.#state !== 'going') return
    if (this.#running !== null) this.#again = true
    else if (this.#deps.clock.monotonic() + ms < this.#dueAt) this.#arm(ms)
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#timer?.cancel()
    await this.#running
  }

  #arm(ms: number): void {
    if (this.#state !== 'going') return
    const clock: Clock = this.#deps.clock
    const run = (): void => {
      this.#running = this.#once().then((nextMs) => {
        this.#running = null
        this.#arm(this.#again ? Math.min(nextMs, AGAIN_MS) : nextMs)
        this.#again = false
      })
    }
    this.#timer?.cancel()
    this.#dueAt = clock.monotonic() + ms
    this.#timer = clock.setTimer(run, ms, { unref: true })
  }

  /** Never rejects. */
  async #once(): Promise<number> {
    const { logger, events, random } = this.#deps
    try {
      const nextMs = await this.#step()
      this.#failures = 0
      return nextMs
    } catch (error) {
      const backoffMs = Math.min(RETRY_FIRST_MS * 2 ** this.#failures, RETRY_LAST_MS)
      this.#failures++
      logger.warn(
        { err: error, step: this.#name, failures: this.#failures },
        'housekeeping failed; trying again',
      )
      if (events.has('error')) events.emit('error', error instanceof Error ? error : new Error(String(error)))
      return backoffMs * (0.5 + random() / 2)
    }
  }
}
