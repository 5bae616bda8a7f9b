import { randomUUID } from 'node:crypto'
import { whyTooLate } from '../../core/deadline.ts'
import type { Outcome } from '../../core/decide.ts'
import { type Duration, durationMs } from '../../core/durations.ts'
import { PosthasteError } from '../../core/errors.ts'
import { ENGINE_BATCH_MAX, POLL_MIN_MS, SHUTDOWN_GRACE_MS } from '../../core/limits.ts'
import type { Hint } from '../../engines/engine.ts'
import { within } from '../deadline.ts'
import type { RuntimeDeps } from '../deps.ts'
import type { Isolation } from '../isolate/isolation.ts'
import { Alarm } from './alarm.ts'
import { Beats } from './beats.ts'
import { type Call, Exchanger } from './exchanger.ts'
import { Fetcher } from './fetcher.ts'
import type { Held } from './held.ts'
import { KnownTasks } from './known.ts'
import { Leases } from './leases.ts'
import { canEnter, MODES, type WorkerMode } from './modes.ts'
import { deadlineError, outcomeOfDeadline } from './outcome.ts'
import { Prefetch } from './prefetch.ts'
import { Reporter } from './reports.ts'
import { Runner } from './runner.ts'
import type { WorkerSettings } from './settings.ts'
import { Settler } from './settler.ts'

import type { Worker, WorkerStats } from './worker.ts'

/** A handler that is told to stop at shutdown gets this long before its job is given back over its head. */
const SHUTDOWN_ABORT_MS = 500
/** How long a stopping worker tries to tell a failing store what it gave back. The leases run out by themselves. */
const SHUTDOWN_FLUSH_MS = 5_000
/** After a failed call: doubled from the first to the last, half of it random, so that a store that heals is not rushed. */
const RETRY_FIRST_MS = 50
const RETRY_LAST_MS = 2_000
/** Handlers begin for this long without letting timers and answers in. */
const SLICE_MS = 10
/** Jobs that one worker makes ready at a time; the maintainer does the rest. */
const PROMOTE_LIMIT = ENGINE_BATCH_MAX
/** After the store saw nothing due that this worker thought to be due: their clocks differ by a little. */
const PROMOTE_AGAIN_MS = POLL_MIN_MS
/** Log lines that a run reported last are waited for, this long, before it is settled. */
const REPORT_WAIT_MS = 5_000

/**
 * One loop makes one call after the other: settlements, starts, renewals and the claim travel together. While a call
 * is under way handlers run, and what they leave is gathered for the next call; so a busy worker makes few large calls
 * and an idle one few small ones, without a timer that delays anything. When much is gathered before the answer has come,
 * the next call goes out beside the one under way.
 */
export class LoopingWorker implements Worker {
  readonly id = randomUUID()
  #deps: RuntimeDeps
  #settings: WorkerSettings
  #mode: WorkerMode = 'starting'
  #paused = false

  #known: KnownTasks
  #prefetch: Prefetch
  #fetcher: Fetcher
  #settler: Settler
  #runner: Runner
  #leases: Leases
  #reporter: Reporter
  #exchanger: Exchanger
  #beats: Beats
  /** Loaded when a task asks for it. */
  #isolation: Promise<Isolation> | null = null
  /** Runs that are over and still write what they reported. */
  #finishing = new Set<Held>()

  #alarm: Alarm
  #nudged = false
  #wake: (() => void) | null = null
  /** Called when a call was answered, or another one may go out beside it. */
  #onAnswer: (() => void) | null = null
  #failures = 0
  #retryAt = Number.NEGATIVE_INFINITY
  #answeredAt: number | null = null

  #filling = false
  #fillLater = false
  #sliceEndsAt = Number.NEGATIVE_INFINITY

  #listening: Promise<{ close(): Promise<void> } | null> | null = null
  #drains: { readonly after: number; readonly resolve: () => void }[] = []
  #graceEndsAt = Number.POSITIVE_INFINITY
  #flushEndsAt = Number.POSITIVE_INFINITY
  #stopped: Promise<void> | null = null

  constructor(deps: RuntimeDeps, settings: WorkerSettings) {
    this.#deps = deps
    this.#settings = settings
    const { clock } = deps
    const storeTime = (monotonic: number): number => this.#exchanger.storeTime(monotonic)
    this.#alarm = new Alarm(clock, () => this.#ring())
    this.#known = new KnownTasks(deps.tasks, settings.tasks)
    this.#prefetch = new Prefetch(settings.prefetchMax, settings.concurrency)
    this.#fetcher = new Fetcher(settings, this.#known, this.#prefetch, deps.random)
    this.#settler = new Settler({
      workerId: this.id,
      random: deps.random,
      storeNow: () => storeTime(clock.monotonic()),
    })
    this.#reporter = new Reporter({
      engine: deps.engine,
      clock,
      callTimeoutMs: settings.callTimeoutMs,
      lost: (held) => this.#runner.lose(held),
      failed: (error) =>
        deps.logger.warn({ err: error, worker: this.id }, 'reports of jobs could not be written'),
    })
    this.#runner = new Runner({
      deps,
      services: { deps, reporter: this.#reporter, storeTime },
      prefetch: this.#prefetch,
      isolation: () => this.#isolate(),
      ended: (held, outcome) => this.#ended(held, outcome),
      freed: (now) => this.#fill(now),
      lost: (held) => this.#lost(held),
      due: (at) => this.#alarm.set(at),
    })
    this.#leases = new Leases({
      settings,
      fetcher: this.#fetcher,
      runner: this.#runner,
      settler: this.#settler,
      finishing: this.#finishing,
    })
    this.#exchanger = new Exchanger({
      deps,
      workerId: this.id,
      settings,
      known: this.#known,
      fetcher: this.#fetcher,
      settler: this.#settler,
      leases: this.#leases,
      runner: this.#runner,
      nudge: () => this.#nudge(),
    })
    this.#beats = new Beats({
      deps,
      settings,
      workerId: this.id,
      now: () => ({ mode: this.#mode, running: this.#runner.running.size, tasks: this.#known.names() }),
    })
  }

  get mode(): WorkerMode {
    return this.#mode
  }

  stats(): WorkerStats {
    return {
      running: this.#runner.running.size,
      waiting: this.#fetcher.size,
      settling: this.#settler.size,
      concurrency: this.#settings.concurrency,
      lastAnswerMs: this.#answeredAt === null ? null : this.#deps.clock.monotonic() - this.#answeredAt,
    }
  }

  begin(): void {
    const deps = this.#deps
    const settings = this.#settings
    this.#listening = within(deps.clock, settings.callTimeoutMs, () =>
      deps.engine.listen((hint) => this.#hint(hint)),
    ).catch((error: unknown) => {
      deps.logger.warn({ err: error, worker: this.id }, 'no hints from the store; polling instead')
      return null
    })
    deps.logger.info({ worker: this.id, concurrency: settings.concurrency }, 'worker started')
    const known = this.#known.names().flatMap((name) => this.#known.get(name) ?? [])
    if (known.some(({ child }) => child !== null)) {
      void this.#isolate().then((isolation) => isolation.warm(known))
    }
    this.#stopped = this.#loop()
  }

  pause(): void {
    this.#paused = true
    this.#giveBackWaiting('paused')
  }

  resume(): void {
    this.#paused = false
    this.#fetcher.hint()
    this.#nudge()
  }

  drained(): Promise<void> {
    if (this.#mode === 'stopped') return Promise.resolve()
    this.#fetcher.hint()
    this.#nudge()
    return new Promise((resolve) => this.#drains.push({ after: this.#exchanger.claims, resolve }))
  }

  stop(options: { readonly grace?: Duration } = {}): Promise<void> {
    const graceMs = durationMs(options.grace ?? SHUTDOWN_GRACE_MS, 'grace')
    const now = this.#deps.clock.monotonic()
    if (canEnter(this.#mode, 'draining')) {
      this.#enter('draining')
      this.#graceEndsAt = now + graceMs
      this.#giveBackWaiting('shutdown')
    } else {
      // Asked twice: whoever asks again does not want to wait.
      this.#graceEndsAt = now
    }
    this.#nudge()
    return this.#stopped ?? Promise.resolve()
  }

  #enter(mode: WorkerMode): void {
    if (!canEnter(this.#mode, mode)) return
    this.#deps.logger.debug({ worker: this.id, from: this.#mode, to: mode }, 'worker mode')
    this.#mode = mode
  }

  /** Whether it may take and begin jobs. */
  get #claims(): boolean {
    return MODES[this.#mode].claims && !this.#paused
  }

  // ── the loop ───────────────────────────────────────────────────────────────────────────────────────────────────

  async #loop(): Promise<void> {
    const { clock } = this.#deps
    while (!this.#mayStop()) {
      const now = clock.monotonic()
      // Not left to the alarm alone: a worker that always has something to say never waits, and sets none.
      this.#beats.tick(now)
      // A claim may have been under way when it was paused.
      if (this.#paused) this.#giveBackWaiting('paused')
      if (now < this.#retryAt) {
        await this.#wait()
        continue
      }
      this.#sliceEndsAt = now + SLICE_MS
      if (this.#claims && this.#fetcher.promotes(now, this.#runner.running.size)) await this.#promote()
      const call = this.#exchanger.plan(clock.monotonic(), this.#claims)
      if (call !== null) void this.#call(call)
      // Handlers work while calls are under way.
      this.#fill(clock.monotonic())
      if (this.#exchanger.underWay === 0) {
        await this.#wait()
      } else {
        await this.#answer()
        this.#tellDrained()
        // One turn for the handlers that only wait for their turn: their results fill the next call.
        if (this.#runner.running.size + this.#fetcher.size > 0) await turn()
      }
    }
    await this.#finish()
  }

  async #call(call: Call): Promise<void> {
    await this.#send(() => this.#exchanger.send(call))
    this.#onAnswer?.()
    // The loop waits for another reason.
    if (this.#retryAt > this.#deps.clock.monotonic()) this.#nudge()
  }

  /** Until a call that is under way was answered, or the next one may go out beside it. */
  async #answer(): Promise<void> {
    if (this.#mayGoAhead()) return
    await new Promise<void>((resolve) => {
      this.#onAnswer = resolve
    })
    this.#onAnswer = null
  }

  async #send(send: () => Promise<void>): Promise<void> {
    const { clock, logger, events, random } = this.#deps
    try {
      await send()
      this.#failures = 0
      this.#answeredAt = clock.monotonic()
      this.#enter('running')
    } catch (error) {
      const backoffMs = Math.min(RETRY_FIRST_MS * 2 ** this.#failures, RETRY_LAST_MS)
      this.#failures++
      this.#retryAt = clock.monotonic() + backoffMs * (0.5 + random() / 2)
      logger.warn({ err: error, worker: this.id, failures: this.#failures }, 'the store failed; trying again')
      if (events.has('error')) events.emit('error', error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Jobs have become due: makes them ready now rather than when the maintainer comes round. */
  async #promote(): Promise<void> {
    const { engine, clock } = this.#deps
    await this.#send(async () => {
      const { promoted } = await within(clock, this.#settings.callTimeoutMs, () =>
        engine.promote({ limit: PROMOTE_LIMIT }),
      )
      // The claim's answer says what is due next. Until then: nothing, or, if the store saw none due, not at once.
      this.#fetcher.dueIn(clock.monotonic(), promoted > 0 ? null : PROMOTE_AGAIN_MS)
      if (promoted > 0) this.#fetcher.hint()
    })
  }

  /** Until something happens, or the alarm rings. */
  async #wait(): Promise<void> {
    if (!this.#nudged) {
      this.#setAlarm(true)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
    // What happens together is told together.
    await turn()
    this.#nudged = false
  }

  #nudge(): void {
    this.#nudged = true
    this.#wake?.()
  }

  #hint(hint: Hint): void {
    // Perhaps someone asked to cancel a job: asking the store sooner than the next heartbeat tells.
    if (hint === 'changed') this.#leases.hurry()
    else this.#fetcher.hint()
    this.#nudge()
  }

  #ring(): void {
    const now = this.#deps.clock.monotonic()
    if (this.#runner.running.size >= this.#settings.concurrency) {
      for (const held of this.#fetcher.surplus(now)) this.#giveBack(held, 'held ahead too long')
    }
    this.#beats.tick(now)
    this.#advanceStop(now)
    this.#setAlarm(false)
    this.#nudge()
  }

  /**
   * Looks after the running handlers and sets the alarm for what comes next.
   * @param idle the loop waits too: what it would do has times of its own
   */
  #setAlarm(idle: boolean): void {
    const now = this.#deps.clock.monotonic()
    const busy = this.#runner.running.size
    let at = Math.min(this.#runner.watch(now), this.#beats.nextAt(), this.#graceEndsAt)
    if (busy >= this.#settings.concurrency) at = Math.min(at, this.#fetcher.surplusAt())
    if (idle) {
      const claimAt = this.#claims ? this.#fetcher.nextAt(busy) : Number.POSITIVE_INFINITY
      const callAt = now < this.#retryAt ? this.#retryAt : Math.min(this.#leases.nextAt(), claimAt)
      at = Math.min(at, callAt, this.#flushEndsAt)
    }
    this.#alarm.set(at)
  }

  // ── jobs ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins handlers while there are slots and jobs, in slices, so that answers and timers are not kept waiting. */
  #fill(now: number): void {
    if (this.#filling || this.#fillLater) return
    this.#filling = true
    const { concurrency } = this.#settings
    const { running } = this.#runner
    while (this.#claims && running.size < concurrency && this.#fetcher.size > 0) {
      if (now >= this.#sliceEndsAt) {
        this.#fillLater = true
        setImmediate(() => {
          this.#fillLater = false
          const then = this.#deps.clock.monotonic()
          this.#sliceEndsAt = then + SLICE_MS
          this.#fill(then)
        })
        break
      }
      const held = this.#fetcher.shift()
      if (held === undefined) break
      // Not worth beginning: it could not be renewed in time, and comes back when its lease runs out.
      if (now >= held.leaseEndsAt) continue
      if (this.#isTooLate(held, now)) continue
      this.#leases.began(held, now)
      now = this.#runner.start(held, now)
    }
    this.#filling = false
  }

  /** Settles a job that must not be begun any more. */
  #isTooLate(held: Held, now: number): boolean {
    const { job } = held
    if (job.ties === null && held.deadlineAt === null) return false
    const why = whyTooLate(job, this.#exchanger.storeTime(now))
    if (why === null) return false
    if (job.attempt > (job.started ? 1 : 0)) {
      this.#settle(held, outcomeOfDeadline(deadlineError(held)))
    } else {
      held.tooLate = why
      this.#settle(held, { kind: 'cancelled', by: this.id, reason: why })
    }
    return true
  }

  #ended(held: Held, outcome: Outcome): void {
    if (!this.#reporter.has(held)) {
      this.#settle(held, outcome)
      return
    }
    // The fence closes with the settlement: what the run reported must be written before.
    this.#finishing.add(held)
    const settle = (): void => {
      timer.cancel()
      if (this.#finishing.delete(held)) this.#settle(held, outcome)
    }
    const timer = this.#deps.clock.setTimer(settle, REPORT_WAIT_MS)
    void this.#reporter.written(held).then(settle)
  }

  #settle(held: Held, outcome: Outcome): void {
    this.#settler.add(held, outcome)
    this.#nudge()
    if (this.#onAnswer !== null && this.#mayGoAhead()) this.#onAnswer()
  }

  /** Whether the next call may go out beside the one that is under way. */
  #mayGoAhead(): boolean {
    return this.#claims && this.#exchanger.mayGoAhead(this.#deps.clock.monotonic())
  }

  #lost(held: Held): void {
    this.#deps.logger.warn(
      { job: held.job.id, task: held.job.task, fence: held.job.fence },
      'the lease of a job was lost',
    )
    this.#reporter.drop(
      held,
      new PosthasteError('E_STALE_LEASE', `This worker no longer holds job ${held.job.id}.`),
    )
    this.#nudge()
  }

  #giveBack(held: Held, reason: string): void {
    this.#settle(held, { kind: 'released', reason })
  }

  #giveBackWaiting(reason: string): void {
    for (const held of this.#fetcher.remove(() => true)) this.#giveBack(held, reason)
  }

  /** Everything that the worker still owes the store or a handler. */
  get #holds(): number {
    let running = 0
    for (const held of this.#runner.running) if (!held.over) running++
    return running + this.#fetcher.size + this.#settler.size + this.#finishing.size
  }

  #tellDrained(): void {
    if (this.#drains.length === 0 || this.#holds > 0 || this.#exchanger.underWay > 0) return
    const { emptyClaim } = this.#exchanger
    for (const { after, resolve } of this.#drains) if (emptyClaim > after) resolve()
    this.#drains = this.#drains.filter(({ after }) => emptyClaim <= after)
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether the loop is over: it was told to stop, and holds nothing more or has no more time. */
  #mayStop(): boolean {
    if (MODES[this.#mode].claims) return false
    const now = this.#deps.clock.monotonic()
    this.#advanceStop(now)
    // A claim may have been under way when it was told to stop.
    this.#giveBackWaiting('shutdown')
    return this.#exchanger.underWay === 0 && (this.#holds === 0 || now >= this.#flushEndsAt)
  }

  /** Takes the next step of stopping when it is due; also while a call is under way, for that may hang. */
  #advanceStop(now: number): void {
    if (now < this.#graceEndsAt) return
    this.#graceEndsAt = Number.POSITIVE_INFINITY
    if (canEnter(this.#mode, 'aborting')) {
      this.#enter('aborting')
      this.#flushEndsAt = now + SHUTDOWN_ABORT_MS + SHUTDOWN_FLUSH_MS
      for (const held of this.#runner.running) {
        this.#runner.abort(held, new PosthasteError('E_SHUTDOWN'), now + SHUTDOWN_ABORT_MS)
      }
    } else {
      // Asked once more while handlers were given their last moment.
      for (const held of this.#runner.running) this.#runner.giveUp(held)
    }
  }

  #isolate(): Promise<Isolation> {
    const { concurrency } = this.#settings
    this.#isolation ??= import('../isolate/isolation.ts').then(
      ({ Isolation }) => new Isolation({ deps: this.#deps, concurrency }),
    )
    return this.#isolation
  }

  async #finish(): Promise<void> {
    const { clock, logger } = this.#deps
    const left = this.#holds
    if (left > 0)
      logger.error(
        { worker: this.id, left },
        'stopped without telling the store; the leases run out by themselves',
      )
    this.#enter('stopped')
    this.#alarm.clear()
    this.#reporter.close(new PosthasteError('E_SHUTDOWN'))
    for (const { resolve } of this.#drains.splice(0)) resolve()
    await (await this.#isolation)?.close()
    await this.#beats.gone()
    const listening = await this.#listening
    if (listening !== null) {
      await within(clock, this.#settings.callTimeoutMs, () => listening.close()).catch(() => {})
    }
    logger.info({ worker: this.id }, 'worker stopped')
  }
}

/** Lets everything run that is ready to run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
