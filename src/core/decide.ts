import { type Backoff, backoffDelayMs } from './backoff.ts'
import { appendHistory, parseHistory } from './history.ts'
import type {
  CancelRequest,
  Change,
  HistoryEntry,
  JobError,
  JobRecord,
  NewJob,
  RecordWrite,
  Settlement,
} from './job.ts'
import { CRASH_CAP, MAX_RETRIES, REASON_LENGTH_MAX } from './limits.ts'
import { isLegal, isPossible, type JobEvent, type To } from './states.ts'
import { clip, storable } from './text.ts'

/**
 * The rules of what follows: pure functions from a job, what happened, and a policy to the write that an engine makes.
 * Nothing here reads a clock, a random source or a store; all of it is handed in.
 */

/** The policy that holds for a run: the job's own options over its task's over the defaults. */
export interface RetryPolicy {
  readonly maxRetries: number
  readonly backoff: Backoff
  readonly whenExhausted: 'dead' | 'discard'
}

/** What became of a run. */
export type Outcome =
  | { readonly kind: 'completed'; readonly output: string | null }
  | {
      readonly kind: 'failed'
      readonly error: JobError
      /** False: running it again is useless, the job is dead at once. */
      readonly retriable: boolean
      /** Its deadline has passed, which no retry mends. */
      readonly isTooLate?: boolean
      /** The wait that the handler asked for; left out: the policy's. */
      readonly retryAfterMs?: number
    }
  /** The child process or thread that ran the handler ended under it; the worker lives and saw it. */
  | { readonly kind: 'crashed'; readonly error: JobError }
  | { readonly kind: 'discarded'; readonly reason: string; readonly error?: JobError }
  | { readonly kind: 'snoozed'; readonly delayMs: number; readonly reason: string | null }
  | { readonly kind: 'released'; readonly reason: string }
  | { readonly kind: 'held'; readonly reason: string }
  | { readonly kind: 'cancelled'; readonly by: string; readonly reason: string | null }
  /** The lease ran out; found by the maintainer. */
  | { readonly kind: 'expired' }

/** The run as its worker (or the maintainer) knows it. */
export interface Run {
  /** Whether a handler was started: only that charges an attempt. */
  readonly started: boolean
  /** Store time of the start, null when there was none. */
  readonly startedAt: number | null
  /** Store time of now, for the history. */
  readonly at: number
  /** Who writes: a worker's id, or `maintainer`. */
  readonly by: string
  /** Store time after which no attempt of the job begins; left out: never. */
  readonly deadlineAt?: number | null
  /** In [0, 1): the jitter of this decision. */
  readonly random: number
  readonly progress?: string | null
  readonly checkpoint?: string | null
  /** Jobs that the handler added: kept when it came to an end of its own will, dropped when the run is to be repeated. */
  readonly add?: readonly NewJob[]
  readonly records?: readonly RecordWrite[]
}

/** The part of a job that the rules look at. */
export type Decidable = Pick<
  JobRecord,
  | 'id'
  | 'fence'
  | 'attempt'
  | 'retries'
  | 'crashes'
  | 'solo'
  | 'started'
  | 'startedAt'
  | 'error'
  | 'history'
  | 'cancel'
>

/** Recorded starts before the present run: that of the present run may be on record already. */
const attemptsBefore = (job: Decidable): number => (job.started ? job.attempt - 1 : job.attempt)

const EVENT_OF: { readonly [K in Outcome['kind']]: JobEvent } = {
  completed: 'complete',
  failed: 'fail',
  crashed: 'fail',
  discarded: 'discard',
  snoozed: 'snooze',
  released: 'release',
  held: 'hold',
  cancelled: 'cancel',
  expired: 'expire',
}

const KEEPS_ADDED: ReadonlySet<Outcome['kind']> = new Set(['completed', 'discarded', 'snoozed', 'held'])

/** The start of an expired run is what the store recorded: the worker that might know more is gone. */
const runOf = (job: Decidable, outcome: Outcome, run: Run): Run =>
  outcome.kind === 'expired'
    ? { ...run, started: job.started, startedAt: job.started ? job.startedAt : null }
    : run

/** The settlement with what else the run wants written. */
const withEffects = (settlement: Settlement, { kind }: Outcome, run: Run): Settlement => {
  const { progress, checkpoint, records } = run
  const add = KEEPS_ADDED.has(kind) ? run.add : undefined
  if (progress === undefined && checkpoint === undefined && add === undefined && records === undefined)
    return settlement
  return {
    ...settlement,
    ...(progress === undefined ? {} : { progress }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(add === undefined ? {} : { add }),
    ...(records === undefined ? {} : { records }),
  }
}

/**
 * What to write after a run. Snooze and release give the attempt back; completion needs no history entry of its own
 * (the job's columns tell it), everything else leaves one, but for a release that never started. An expired lease
 * without a recorded start charges nothing but makes the job `solo`, so that the one that brings workers down is found
 * without charging its neighbours. A failure before a handler started (retriable) spends no retry.
 */
export const decide = (job: Decidable, outcome: Outcome, given: Run, policy: RetryPolicy): Settlement => {
  const run = runOf(job, outcome, given)
  const before = attemptsBefore(job)
  const attempt = run.started ? before + 1 : before
  // Every key of a settlement is here, so that the cases below replace values and add none: that keeps the hottest
  // object of all in one shape, and is thirty times as fast.
  const plain: Settlement = {
    id: job.id,
    fence: job.fence,
    to: 'ready',
    attempt,
    retries: job.retries,
    crashes: 0,
    solo: false,
    // Without a start the previous run's is still the newest, unless a claim recorded one that never came.
    startedAt: run.started ? run.startedAt : job.started ? null : job.startedAt,
    reason: null,
    output: null,
    error: job.error,
    history: job.history,
    unlessCancelled: true,
  }
  const base = withEffects(plain, outcome, run)

  const entry = (to: To, more: Partial<HistoryEntry> = {}): string =>
    appendHistory(job.history, {
      at: run.at,
      event: EVENT_OF[outcome.kind],
      from: 'running',
      to,
      by: run.by,
      ...(run.started ? { attempt } : {}),
      ...(run.started && run.startedAt !== null ? { startedAt: run.startedAt } : {}),
      ...more,
    })

  switch (outcome.kind) {
    case 'completed':
      return {
        ...base,
        to: 'completed',
        output: outcome.output,
        error: null,
        history: job.history,
        // A completion with the current fence wins over a cancel that came too late.
        unlessCancelled: false,
      }

    case 'failed': {
      const error = JSON.stringify(outcome.error)
      const failed = { ...base, error }
      if (outcome.isTooLate === true) {
        const end = ended(policy, 'deadline')
        // What went wrong before says more than that there was no time left.
        const newest = run.started || job.error === null ? error : job.error
        return {
          ...failed,
          ...end,
          error: newest,
          history: entry(end.to, { error: brief(outcome.error), reason: end.reason }),
        }
      }
      if (!outcome.retriable) {
        return {
          ...failed,
          to: 'dead',
          reason: 'not_retriable',
          history: entry('dead', { error: brief(outcome.error), reason: 'not_retriable' }),
        }
      }
      if (job.retries < policy.maxRetries) {
        const retry = job.retries + 1
        const delayMs =
          outcome.retryAfterMs ?? backoffDelayMs(policy.backoff, retry, run.random, outcome.error)
        if (isBeyond(run, delayMs)) {
          const end = ended(policy, 'deadline')
          return {
            ...failed,
            ...end,
            history: entry(end.to, { error: brief(outcome.error), reason: end.reason }),
          }
        }
        return {
          ...failed,
          to: 'retrying',
          retries: run.started ? retry : job.retries,
          delayMs,
          history: entry('retrying', { error: brief(outcome.error) }),
        }
      }
      const end = ended(policy, 'exhausted')
      return {
        ...failed,
        ...end,
        history: entry(end.to, { error: brief(outcome.error), reason: end.reason }),
      }
    }

    case 'crashed': {
      const { error } = outcome
      const crashes = job.crashes + 1
      const crashed = { ...base, crashes, error: JSON.stringify(error) }
      const end = crashEnd(job, crashes, policy, policy.whenExhausted === 'discard')
      if (end !== null) {
        return { ...crashed, ...end, history: entry(end.to, { error: brief(error), reason: end.reason }) }
      }
      // Not `solo`: the crash took nobody along. The policy's wait holds, as for any failed attempt.
      const retry = job.retries + 1
      const delayMs = backoffDelayMs(policy.backoff, retry, run.random, error)
      if (isBeyond(run, delayMs)) {
        const end = ended(policy, 'deadline')
        return { ...crashed, ...end, history: entry(end.to, { error: brief(error), reason: end.reason }) }
      }
      return {
        ...crashed,
        to: 'retrying',
        retries: run.started ? retry : job.retries,
        delayMs,
        history: entry('retrying', { error: brief(error) }),
      }
    }

    case 'discarded':
      return {
        ...base,
        to: 'cancelled',
        reason: 'discarded',
        error: outcome.error === undefined ? job.error : JSON.stringify(outcome.error),
        history: entry('cancelled', {
          reason: bounded(outcome.reason),
          ...(outcome.error === undefined ? {} : { error: brief(outcome.error) }),
        }),
      }

    case 'snoozed':
      if (isBeyond(run, outcome.delayMs)) {
        const end = ended(policy, 'deadline')
        const why = 'put off beyond its deadline'
        return { ...base, ...end, history: entry(end.to, { event: 'fail', reason: why }) }
      }
      return {
        ...base,
        to: 'scheduled',
        delayMs: outcome.delayMs,
        attempt: before,
        history: entry('scheduled', outcome.reason === null ? {} : { reason: bounded(outcome.reason) }),
      }

    case 'released':
      return {
        ...base,
        to: 'ready',
        attempt: before,
        // Given back unharmed, it proves nothing about the job: what was suspected stays suspected.
        crashes: job.crashes,
        solo: job.solo,
        history: run.started ? entry('ready', { reason: bounded(outcome.reason) }) : job.history,
      }

    case 'held':
      return {
        ...base,
        to: 'blocked',
        reason: bounded(outcome.reason),
        history: entry('blocked', { reason: bounded(outcome.reason) }),
      }

    case 'cancelled':
      return {
        ...base,
        to: 'cancelled',
        reason: 'cancelled',
        history: entry('cancelled', {
          by: outcome.by,
          ...(outcome.reason === null ? {} : { reason: bounded(outcome.reason) }),
        }),
        unlessCancelled: false,
      }

    case 'expired':
      return decideExpired(job, base, entry, policy, run)
  }
}

const decideExpired = (
  job: Decidable,
  base: Omit<Settlement, 'to' | 'history'>,
  entry: (to: To, more?: Partial<HistoryEntry>) => string,
  policy: RetryPolicy,
  run: Run,
): Settlement => {
  const cancel = job.cancel === null ? null : (JSON.parse(job.cancel) as CancelRequest)
  if (cancel !== null) {
    return {
      ...base,
      to: 'cancelled',
      reason: 'cancelled',
      history: entry('cancelled', {
        by: cancel.by,
        ...(cancel.reason === null ? {} : { reason: cancel.reason }),
      }),
      unlessCancelled: false,
    }
  }
  if (!job.started) {
    const history = entry('ready', { reason: 'lease expired before a recorded start' })
    return { ...base, crashes: job.crashes, solo: true, to: 'ready', history }
  }

  const crashes = job.crashes + 1
  const error: JobError = {
    name: 'WorkerLost',
    code: 'E_LEASE_LOST',
    message: `The worker died or was cut off while it ran the job (${crashes} in a row).`,
  }
  const lost = { ...base, crashes, error: JSON.stringify(error) }
  // Faktory's clients rely on its rule that a lost job without retries is dropped like a failed one.
  const drops = policy.backoff === 'faktory' && policy.whenExhausted === 'discard'
  const end = crashEnd(job, crashes, policy, drops)
  if (end !== null) return { ...lost, ...end, history: entry(end.to, { error, reason: end.reason }) }
  const again = { ...lost, solo: true, retries: job.retries + 1 }
  const isDelayed = policy.backoff === 'faktory'
  const delayMs = isDelayed ? backoffDelayMs(policy.backoff, again.retries, run.random, error) : 0
  if (isBeyond(run, delayMs)) {
    const end = ended(policy, 'deadline')
    return { ...lost, ...end, history: entry(end.to, { error, reason: end.reason }) }
  }
  if (isDelayed) {
    return { ...again, to: 'retrying', delayMs, history: entry('retrying', { error }) }
  }
  return { ...again, to: 'ready', history: entry('ready', { error, reason: 'lease expired' }) }
}

/**
 * How a job ends whose run was cut off by a crash (of its worker, or of the child that ran its handler), or null while it
 * may run again: whatever its retries are, CRASH_CAP crashes in a row make it dead.
 * @param drops a job that has only no retries left is dropped
 */
const crashEnd = (
  job: Decidable,
  crashes: number,
  policy: RetryPolicy,
  drops: boolean,
): { to: 'cancelled' | 'dead'; reason: string } | null => {
  if (crashes >= CRASH_CAP) return { to: 'dead', reason: 'crashed' }
  if (job.retries < policy.maxRetries) return null
  return drops ? { to: 'cancelled', reason: 'discarded' } : { to: 'dead', reason: 'crashed' }
}

/** Where a job ends that is not run again although it could have been. */
const ended = (
  { whenExhausted }: RetryPolicy,
  why: 'exhausted' | 'deadline',
): { to: 'cancelled' | 'dead'; reason: string } =>
  whenExhausted === 'dead'
    ? { to: 'dead', reason: why }
    : { to: 'cancelled', reason: why === 'exhausted' ? 'discarded' : why }

/** Whether the next attempt would come after the deadline. */
const isBeyond = ({ at, deadlineAt }: Run, delayMs: number): boolean =>
  deadlineAt !== undefined && deadlineAt !== null && at + delayMs >= deadlineAt

/** The error as a job's history keeps it: only the newest one, which has a column of its own, has its stack. */
const brief = ({ stack: _, ...error }: JobError): JobError => error

/** What someone asks of a job from outside. */
export type Action =
  | { readonly kind: 'cancel'; readonly reason: string | null }
  | { readonly kind: 'retry' }
  | { readonly kind: 'remove' }
  /** Run now: ahead of its time. */
  | { readonly kind: 'promote' }
  /** Another place among those that wait. */
  | { readonly kind: 'setPriority'; readonly priority: number }
  /** Takes a cancellation back, if it was that run's and nothing has happened since; `reason`: why it was blocked. */
  | { readonly kind: 'undo'; readonly of: UndoOf; readonly reason: string | null }
  | {
      readonly kind: 'resolve'
      readonly to: 'ready' | 'completed' | 'dead' | 'cancelled'
      readonly reason: string | null
    }

/** The bulk run that is undone, and who started it when. */
export interface UndoOf {
  readonly id: string
  readonly by: string
  readonly at: number
}

/** Who acts, when, and within which bulk run. */
export interface Actor {
  readonly by: string
  readonly at: number
  readonly bulk?: string
}

export type ActionDecision =
  | { readonly kind: 'change'; readonly change: Change }
  /** The job runs: its holder must be asked. */
  | { readonly kind: 'request_cancel'; readonly request: CancelRequest }
  /** It is so already; asking twice is harmless. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly why: string }

const TARGET: { readonly [K in Exclude<Action['kind'], 'resolve' | 'undo' | 'setPriority'>]: To } = {
  cancel: 'cancelled',
  retry: 'ready',
  remove: 'removed',
  promote: 'ready',
}

/** What an operator's action means for a job as it is now; the engine then compares and sets. */
export const decideAction = (job: JobRecord, action: Action, who: Actor): ActionDecision => {
  const { state } = job
  if (action.kind === 'cancel' && state === 'cancelled') return { kind: 'nothing' }
  if (action.kind === 'promote' && state === 'ready') return { kind: 'nothing' }
  if (action.kind === 'setPriority') return decidePriority(job, action.priority, who)
  if (!isPossible(action.kind, state)) return { kind: 'refused', why: refusal(action.kind, state) }
  if (action.kind === 'undo') return decideUndo(job, action, who)
  const reason = 'reason' in action && action.reason !== null ? bounded(action.reason) : null
  if (state === 'running') return { kind: 'request_cancel', request: { at: who.at, by: who.by, reason } }

  const to = action.kind === 'resolve' ? action.to : TARGET[action.kind]
  if (to === 'running') return { kind: 'refused', why: refusal(action.kind, state) }
  // What brought workers down gets its new chance, but alone, not among jobs that it could take with it.
  const budget =
    action.kind === 'retry'
      ? { retries: 0, crashes: 0, solo: job.reason === 'crashed' }
      : { retries: job.retries, crashes: job.crashes, solo: job.solo }
  const finished = to === 'cancelled' || to === 'dead' || to === 'completed'
  return {
    kind: 'change',
    change: {
      id: job.id,
      fence: job.fence,
      from: state,
      to,
      ...(to === 'ready' ? { delayMs: 0 } : {}),
      attempt: job.attempt,
      ...budget,
      reason: finished ? (action.kind === 'cancel' ? 'cancelled' : (reason ?? 'resolved')) : null,
      output: job.output,
      error: job.error,
      history: appendHistory(job.history, {
        at: who.at,
        event: action.kind,
        from: state,
        to,
        by: who.by,
        ...(who.bulk === undefined ? {} : { bulk: who.bulk }),
        ...(reason === null ? {} : { reason }),
      }),
    },
  }
}

/** The job stays what it is, and due when it is. */
const decidePriority = (job: JobRecord, priority: number, { at, by, bulk }: Actor): ActionDecision => {
  const { id, state, fence, attempt, retries, crashes, solo, output, error } = job
  if (state !== 'ready' && state !== 'scheduled')
    return {
      kind: 'refused',
      why: `A job that is ${state} keeps its priority; ready and scheduled ones change it.`,
    }
  if (job.priority === priority) return { kind: 'nothing' }
  const entry = {
    at,
    event: 'reschedule',
    from: state,
    to: state,
    by,
    ...(bulk === undefined ? {} : { bulk }),
    reason: `priority ${job.priority} to ${priority}`,
  } as const
  return {
    kind: 'change',
    change: {
      ...{ id, fence, from: state, to: state, priority, attempt, retries, crashes, solo, output, error },
      reason: job.reason,
      history: appendHistory(job.history, entry),
    },
  }
}

/** Back to where the cancellation, or the removal, found it; a run that was stopped is begun again. */
const decideUndo = (
  job: JobRecord,
  { of, reason }: Extract<Action, { kind: 'undo' }>,
  { at, by, bulk }: Actor,
): ActionDecision => {
  const last = parseHistory(job.history).at(-1)
  // Of a running job, the worker wrote down who had asked; it does not know within which run.
  const isOurs = last?.bulk === of.id || (last?.from === 'running' && last.by === of.by && last.at >= of.at)
  const from = last?.from === 'running' ? 'ready' : last?.from
  if (!isOurs || from === undefined || !isLegal('undo', 'cancelled', from as To))
    return {
      kind: 'refused',
      why: 'It was not this run that cancelled it, or something happened to it since.',
    }
  const to = from as 'blocked' | 'scheduled' | 'ready' | 'retrying'
  const { id, fence, attempt, retries, crashes, solo, output, error, history } = job
  const entry = {
    at,
    event: 'undo',
    from: 'cancelled',
    to,
    by,
    ...(bulk === undefined ? {} : { bulk }),
  } as const
  return {
    kind: 'change',
    change: {
      ...{ id, fence, from: 'cancelled', to, attempt, retries, crashes, solo, output, error },
      reason: to === 'blocked' ? reason : null,
      history: appendHistory(history, entry),
    },
  }
}

const refusal = (kind: Action['kind'], state: JobRecord['state']): string => {
  if (kind === 'remove' && state === 'running') return 'A running job cannot be removed; cancel it first.'
  if (kind === 'retry' && state === 'completed') return 'A completed job is not run again; add it anew.'
  return `A job that is ${state} cannot be told to ${kind}.`
}

const bounded = (text: string): string => clip(storable(text), REASON_LENGTH_MAX)

/** The policy that holds for a job: its own over its task's over the default. */
export const resolvePolicy = (
  job: { readonly maxRetries: number | null },
  own: { readonly backoff?: Backoff; readonly whenExhausted?: 'dead' | 'discard' },
  task: Partial<RetryPolicy> = {},
): RetryPolicy => ({
  maxRetries: job.maxRetries ?? task.maxRetries ?? MAX_RETRIES,
  backoff: own.backoff ?? task.backoff ?? 'default',
  whenExhausted: own.whenExhausted ?? task.whenExhausted ?? 'dead',
})
