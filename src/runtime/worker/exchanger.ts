import { isPosthasteError, PosthasteError } from '../../core/errors.ts'
import type { CancelRequest, JobRecord } from '../../core/job.ts'
import { toJobError } from '../../core/job-error.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import type {
  ClaimRequest,
  ExchangeAnswer,
  ExchangeRequest,
  RenewVerdict,
  SettleVerdict,
} from '../../engines/engine.ts'
import { within } from '../deadline.ts'
import type { RuntimeDeps } from '../deps.ts'
import type { Fetcher } from './fetcher.ts'
import { attemptOf, Held } from './held.ts'
import type { KnownTask, KnownTasks } from './known.ts'
import type { Leases } from './leases.ts'
import { outcomeOfCancel } from './outcome.ts'
import type { Runner } from './runner.ts'
import type { WorkerSettings } from './settings.ts'
import type { Settler } from './settler.ts'
import { tellSettled } from './tell.ts'

/** A call on its way, with what each of its parts is about. */
export interface Call {
  readonly request: ExchangeRequest
  /** Monotonic, before the call: leases are judged from here. */
  readonly askedAt: number
  /** The number of its claim, 0 without one. */
  readonly claim: number
  readonly settling: Held[]
  readonly starting: Held[]
  readonly renewing: Held[]
}

export interface ExchangerParts {
  readonly deps: RuntimeDeps
  readonly workerId: string
  readonly settings: WorkerSettings
  readonly known: KnownTasks
  readonly fetcher: Fetcher
  readonly settler: Settler
  readonly leases: Leases
  readonly runner: Runner
  /** Something changed that the next call may tell. */
  readonly nudge: () => void
}

/**
 * Results that are worth a call of their own while another one is under way. Fewer go with the next: many small calls
 * cost the store more than they bring.
 */
const AHEAD_MIN = 250

/** Calls that are under way at once: one is written and read while the store works on the other. */
const CALLS_MAX = 2

/**
 * The worker's side of the one hot call: what to say (settle, start, renew, claim), and what the answer means. No call has
 * nothing to say. There is one under way, or, while many results come in, two that settle and claim and no more: what
 * speaks of leases (renewals, recorded starts) must not be overtaken by what ends or takes them, and goes alone.
 */
export class Exchanger {
  #parts: ExchangerParts
  /** Store clock minus monotonic clock, as of the newest answer. */
  #offsetMs: number
  /** Claims that were planned so far, and the number of the newest that found nothing. */
  claims = 0
  emptyClaim = 0
  readonly #underWay = new Set<Call>()

  constructor(parts: ExchangerParts) {
    this.#parts = parts
    this.#offsetMs = parts.deps.clock.now() - parts.deps.clock.monotonic()
  }

  /** The store's clock at a monotonic time, as good as this worker knows it. */
  storeTime(monotonic: number): number {
    return Math.floor(monotonic + this.#offsetMs)
  }

  /** Calls that were planned and not answered. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** Whether a call is worth making beside one that is under way, and cannot do harm there. */
  mayGoAhead(now: number): boolean {
    const { settler, leases } = this.#parts
    if (settler.size < AHEAD_MIN || this.#underWay.size >= CALLS_MAX || settler.suspicious) return false
    for (const call of this.#underWay)
      if (call.starting.length > 0 || call.request.renew !== undefined) return false
    return now < leases.nextAt()
  }

  /** The next call, or null when there is nothing to say, or those under way have to be answered first. */
  plan(now: number, claims: boolean): Call | null {
    const { workerId, settings, fetcher, settler, leases, runner } = this.#parts
    if (this.#underWay.size > 0 && !(claims && this.mayGoAhead(now))) return null
    const settling = settler.take()
    // While one impossible settlement is looked for, calls carry nothing else: the blame must fall on it alone.
    const alone = settler.suspicious && settling.length > 0
    const starting = alone ? [] : leases.starts(now)
    const renewals = alone ? null : leases.renewals(now)
    const riding = settling.length > 0 || starting.length > 0 || renewals !== null
    const claim: ClaimRequest | null =
      claims && !alone ? fetcher.claim(now, runner.running.size + this.#coming(), riding) : null
    if (!riding && claim === null) return null
    const request: ExchangeRequest = {
      worker: workerId,
      ...(settling.length === 0 ? {} : { settle: settling.flatMap((held) => held.settlement ?? []) }),
      ...(starting.length === 0 ? {} : { start: starting.map(startOf) }),
      ...(renewals === null
        ? {}
        : {
            renew: {
              leases: renewals.leases.map(({ job }) => ({ id: job.id, fence: job.fence })),
              leaseMs: settings.leaseMs,
              complete: renewals.complete,
            },
          }),
      ...(claim === null ? {} : { claim }),
    }
    if (claim !== null) this.claims++
    const call = {
      request,
      askedAt: now,
      claim: claim === null ? 0 : this.claims,
      settling,
      starting,
      renewing: renewals?.leases ?? [],
    }
    this.#underWay.add(call)
    return call
  }

  /** Jobs that calls under way may bring. */
  #coming(): number {
    let jobs = 0
    for (const { request } of this.#underWay) jobs += request.claim?.limit ?? 0
    return jobs
  }

  /**
   * Makes a call that was planned and acts on its answer. Rejects when the store failed; everything is then ready to be
   * sent again.
   */
  async send(call: Call): Promise<void> {
    try {
      await this.#carryOut(call)
    } finally {
      this.#underWay.delete(call)
    }
  }

  async #carryOut(call: Call): Promise<void> {
    const { deps, settings, leases, nudge } = this.#parts
    let answer: ExchangeAnswer
    let late = false
    try {
      answer = await within(deps.clock, settings.callTimeoutMs, () => {
        const called = deps.engine.exchange(call.request)
        // Given up and carried out all the same: what it claimed is asked for with the next call.
        const heard = (): void => {
          if (late && call.request.claim !== undefined) {
            leases.answerLost()
            nudge()
          }
        }
        called.then(heard, () => {})
        return called
      })
    } catch (error) {
      late = true
      this.#failed(call, error)
      throw error
    }
    try {
      await this.#answered(call, answer)
    } catch (error) {
      // A logger that throws, for example: what of the answer was not acted on is asked for anew.
      leases.answerLost()
      throw error
    }
  }

  #failed(call: Call, error: unknown): void {
    const { deps, fetcher, settler, leases } = this.#parts
    const now = deps.clock.monotonic()
    if (call.request.claim !== undefined) {
      leases.answerLost()
      fetcher.failed()
      // It may have taken jobs that one behind it did not find.
      this.emptyClaim = 0
    }
    if (call.starting.length > 0) leases.startsFailed(now)
    if (call.request.renew !== undefined) leases.renewalsFailed(now, call.request.renew.complete)
    if (isImpossible(error)) {
      const culprit = settler.refused(call.settling)
      if (culprit !== null) this.#impossible(culprit, error)
    } else {
      settler.putBack(call.settling)
    }
  }

  /** No store takes this settlement. What can be said is that the run failed; if not even that, its lease runs out. */
  #impossible(held: Held, error: unknown): void {
    const { deps, settler } = this.#parts
    deps.logger.error({ err: error, job: held.job.id, task: held.job.task }, 'a settlement cannot be stored')
    if (held.refused) return
    held.refused = true
    held.added = null
    settler.add(held, { kind: 'failed', error: toJobError(error), retriable: false })
  }

  async #answered(call: Call, answer: ExchangeAnswer): Promise<void> {
    const { deps, fetcher, leases, runner, settler, nudge } = this.#parts
    const now = deps.clock.monotonic()
    this.#offsetMs = answer.now - now
    if (call.settling.length > 0) settler.taken()
    /** Decided otherwise before the request to cancel was known. */
    const overruled: Held[] = []
    call.settling.forEach((held, index) => {
      this.#settled(held, answer.settled[index] ?? 'missing', now, overruled)
    })
    call.starting.forEach((held, index) => {
      if (answer.started[index] === 'ok') held.startRecorded = true
      else runner.lose(held)
    })
    const cancelled: Held[] = []
    call.renewing.forEach((held, index) => {
      this.#renewed(held, answer.renewed[index] ?? 'missing', call.askedAt, cancelled)
    })
    if (answer.unknown.length > 0) {
      // What was to be settled with this very call and was not is ours still, though no renewal named it. The fence
      // counts: the same job may have been given back and claimed anew by the call whose answer was lost.
      const ours = new Map(call.settling.map(({ job }) => [job.id, job.fence]))
      // A handler that was told that its lease is lost winds up until the lease really ends.
      for (const { job } of runner.running) ours.set(job.id, job.fence)
      for (const job of answer.unknown) if (ours.get(job.id) !== job.fence) this.#giveBack(job, now)
      // There may be more than one answer has room for.
      if (answer.unknown.length === ENGINE_BATCH_MAX) leases.answerLost()
    }
    for (const job of answer.jobs) {
      const known = this.#parts.known.get(job.task)
      if (known === undefined) {
        this.#giveBack(job, now)
        continue
      }
      const held = new Held(job, known, call.askedAt, now, this.#parts.settings.leaseMs)
      leases.claimed(held)
      fetcher.add(held)
    }
    if (call.request.claim !== undefined) {
      fetcher.answered(now, answer)
      if (answer.jobs.length === 0 && !answer.more) this.emptyClaim = call.claim
    }
    if (overruled.length + cancelled.length > 0) {
      await this.#cancel(overruled, cancelled)
      nudge()
    }
  }

  #settled(held: Held, verdict: SettleVerdict, now: number, overruled: Held[]): void {
    const { deps, settler } = this.#parts
    switch (verdict) {
      case 'ok':
        tellSettled(deps, held, now, this.storeTime(now))
        return
      case 'cancel_requested':
        overruled.push(held)
        return
      case 'conflict':
        settler.add(held, {
          kind: 'failed',
          error: toJobError(
            new PosthasteError(
              'E_CONFLICT',
              'A document that the run wanted to write was changed meanwhile.',
            ),
          ),
          retriable: true,
        })
        return
      default:
        deps.logger.warn(
          {
            job: held.job.id,
            task: held.job.task,
            fence: held.job.fence,
            outcome: held.outcome?.kind,
            verdict,
          },
          'the result of a run was refused: the lease had passed to another',
        )
    }
  }

  #renewed(held: Held, verdict: RenewVerdict, askedAt: number, cancelled: Held[]): void {
    const { fetcher, runner } = this.#parts
    if (verdict === 'ok' || verdict === 'cancel_requested') {
      held.leaseEndsAt = askedAt + held.leaseMs
      if (verdict === 'cancel_requested' && !held.over && held.cancel === null) cancelled.push(held)
      return
    }
    if (runner.running.has(held)) runner.lose(held)
    else fetcher.remove((other) => other === held)
  }

  /** Reads who wants these runs to stop, and why; then tells the handlers, or settles what has none. */
  async #cancel(overruled: readonly Held[], cancelled: readonly Held[]): Promise<void> {
    const { deps, settings, fetcher, runner, settler } = this.#parts
    const all = [...overruled, ...cancelled].slice(0, ENGINE_BATCH_MAX)
    let records: (JobRecord | null)[] = []
    try {
      const ids = all.map(({ job }) => job.id)
      records = await within(deps.clock, settings.callTimeoutMs, () => deps.engine.get(ids))
    } catch (error) {
      deps.logger.warn({ err: error }, 'who asked to cancel a job could not be read')
    }
    all.forEach((held, index) => {
      const text = records[index]?.cancel ?? null
      held.cancel = text === null ? UNKNOWN_CANCEL : (JSON.parse(text) as CancelRequest)
    })
    for (const held of overruled) settler.add(held, outcomeOfCancel(held))
    for (const held of cancelled) {
      // A run that ended meanwhile is on its way to the store, which judges it again.
      if (held.over) continue
      if (runner.running.has(held)) runner.cancel(held, deps.clock.monotonic())
      else if (fetcher.remove((other) => other === held).length > 0) settler.add(held, outcomeOfCancel(held))
    }
  }

  /** A job that is ours by the store's word, and that we know nothing of or cannot run. */
  #giveBack(job: JobRecord, now: number): void {
    const { deps, settings, known, settler, nudge } = this.#parts
    deps.logger.debug({ job: job.id, task: job.task }, 'a job is given back that this worker was not told of')
    const held = new Held(job, known.get(job.task) ?? NOT_KNOWN, now, now, settings.leaseMs)
    settler.add(held, { kind: 'released', reason: 'its claim was not heard of' })
    nudge()
  }
}

/** Stands for a task that is not registered: its job is given back, never run. */
const NOT_KNOWN: KnownTask = {
  task: { name: 'unknown', run: () => undefined },
  version: 1,
  timeoutMs: 0,
  retry: {},
  child: null,
}

/** When the request could not be read. */
const UNKNOWN_CANCEL: CancelRequest = { at: 0, by: 'unknown', reason: null }

const startOf = (held: Held) => ({
  id: held.job.id,
  fence: held.job.fence,
  attempt: attemptOf(held.job),
  startedAt: held.startedStoreMs ?? 0,
})

/** The call itself is wrong: sent again, it would be refused again. */
const isImpossible = (error: unknown): boolean =>
  isPosthasteError(error, 'E_ARGUMENT') ||
  isPosthasteError(error, 'E_TOO_LARGE') ||
  isPosthasteError(error, 'E_BATCH_TOO_LARGE')
