import type { Action } from '../core/decide.ts'
import type { Gate } from '../core/gates.ts'
import { ENGINE_BATCH_MAX, REASON_LENGTH_MAX } from '../core/limits.ts'
import { checkName } from '../core/names.ts'
import { type Priority, priorityNumber } from '../core/priority.ts'
import { shown } from '../core/text.ts'
import type { Job } from '../core/view.ts'
import { checkId, checkText, refuse } from './arguments.ts'
import { type CarryOutDeps, type Controlled, carryOut } from './carry-out.ts'
import { gateOf, type LimitTarget, targetOf } from './limit-options.ts'
import type { OwnLimits } from './limits.ts'

export interface ControlOptions {
  /** Who acts, for the job's history. Default 'library'. */
  readonly by?: string
}
export interface CancelOptions extends ControlOptions {
  /** Kept in the history and told to the handler. */
  readonly reason?: string
}
export interface SetPriorityOptions extends ControlOptions {
  readonly priority: Priority
}
export interface ResolveOptions extends CancelOptions {
  readonly to: 'ready' | 'completed' | 'dead' | 'cancelled'
}

/**
 * An action on one job, or on several. One id answers the job as it is now and throws when it is refused; a list
 * answers what became of each, in its order, and throws only for bad arguments and when the store fails.
 */
export interface Act<Options> {
  (id: string, options?: Options): Promise<Job>
  (ids: readonly string[], options?: Options): Promise<Controlled[]>
}
export interface ActWith<Options> {
  (id: string, options: Options): Promise<Job>
  (ids: readonly string[], options: Options): Promise<Controlled[]>
}

export interface Control {
  readonly cancel: Act<CancelOptions>
  readonly retry: Act<ControlOptions>
  readonly remove: Act<ControlOptions>
  readonly runNow: Act<ControlOptions>
  readonly setPriority: ActWith<SetPriorityOptions>
  readonly resolve: ActWith<ResolveOptions>
  pause(target: PauseTargets, options?: ControlOptions): Promise<void>
  resume(target: PauseTargets, options?: ControlOptions): Promise<void>
}

/** What is stopped: a queue by its name, or whatever a limit may be about; or several of these, up to 1,000. */
export type PauseTarget = string | LimitTarget
export type PauseTargets = PauseTarget | readonly PauseTarget[]

const WHO_DEFAULT = 'library'
const WHO_LENGTH_MAX = 128

export interface ControlDeps extends CarryOutDeps {
  readonly limits: Pick<OwnLimits, 'setPaused'>
  /** A task that goes on is counted anew. */
  readonly forgetFailures: (tasks: readonly string[]) => Promise<void>
}

export const createControl = (deps: ControlDeps): Control => {
  const { engine, events, logger, limits } = deps

  const act = async (
    ids: unknown,
    action: Action,
    options: ControlOptions = {},
  ): Promise<Job | Controlled[]> => {
    const by = checkWho(options.by)
    if (!Array.isArray(ids)) {
      const [only] = await carryOut(deps, [checkId(ids)], action, { by })
      if (only?.ok === true) return only.job
      throw only?.error
    }
    const distinct = [...new Set(ids.map((id, i) => checkId(id, `ids[${i}]`)))]
    const outcomes = new Map<string, Controlled>()
    for (let i = 0; i < distinct.length; i += ENGINE_BATCH_MAX) {
      const batch = await carryOut(deps, distinct.slice(i, i + ENGINE_BATCH_MAX), action, { by })
      for (const outcome of batch) outcomes.set(outcome.id, outcome)
    }
    return ids.map((id) => outcomes.get(id) as Controlled)
  }

  const pausedGate = (target: unknown, field: string): Gate =>
    typeof target === 'string'
      ? { scope: 'queue', name: checkName(target, field) }
      : gateOf(target, field === 'queue' ? '' : field)

  const setPaused = async (
    targets: unknown,
    paused: boolean,
    options: ControlOptions = {},
  ): Promise<void> => {
    const by = checkWho(options.by)
    const gates = Array.isArray(targets)
      ? targets.map((target, i) => pausedGate(target, `targets[${i}]`))
      : [pausedGate(targets, 'queue')]
    if (gates.length > ENGINE_BATCH_MAX)
      refuse('targets', `names ${gates.length} of them; ${ENGINE_BATCH_MAX} is the most at once`)
    const [queues, others] = [true, false].map((isQueue) =>
      gates.filter(({ scope }) => (scope === 'queue') === isQueue),
    ) as [Gate[], Gate[]]
    if (queues.length > 0) await engine.pause(queues.map(({ name }) => ({ queue: name, paused, by })))
    if (others.length > 0) await limits.setPaused(others, paused, by)
    const tasks = others.flatMap(({ scope, name }) => (scope === 'task' ? [name] : []))
    if (!paused && tasks.length > 0) await deps.forgetFailures(tasks)
    for (const gate of gates) {
      const target = targetOf(gate)
      logger.info({ ...target, by }, `${gate.scope} ${paused ? 'paused' : 'resumed'}`)
      events.emit(paused ? 'paused' : 'resumed', { ...target, by })
    }
  }

  // Async, so that a bad argument rejects like everything else.
  const methods = {
    cancel: async (ids: unknown, options?: CancelOptions) =>
      act(ids, { kind: 'cancel', reason: checkReason(options?.reason) }, options),
    retry: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'retry' }, options),
    remove: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'remove' }, options),
    runNow: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'promote' }, options),
    setPriority: async (ids: unknown, options?: SetPriorityOptions) => {
      const priority = priorityNumber(options?.priority, 'priority')
      return act(ids, { kind: 'setPriority', priority }, options)
    },
    resolve: async (ids: unknown, options?: ResolveOptions) => {
      const to = checkTarget(options?.to)
      return act(ids, { kind: 'resolve', to, reason: checkReason(options?.reason) }, options)
    },
  }
  return {
    // One id or a list: which answer belongs to which is told by the overloads of Act.
    ...(methods as Pick<Control, keyof typeof methods>),
    pause: (targets, options) => setPaused(targets, true, options),
    resume: (targets, options) => setPaused(targets, false, options),
  }
}

export const checkWho = (by: unknown): string =>
  by === undefined ? WHO_DEFAULT : checkText(by, 'by', WHO_LENGTH_MAX)

export const checkReason = (reason: unknown): string | null =>
  reason === undefined || reason === null ? null : checkText(reason, 'reason', REASON_LENGTH_MAX)

const TARGETS = ['ready', 'completed', 'dead', 'cancelled'] as const

const checkTarget = (to: unknown): ResolveOptions['to'] =>
  TARGETS.find((target) => target === to) ?? refuse('to', `is ${shown(to)}; there are ${TARGETS.join(', ')}`)
