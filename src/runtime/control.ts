import type { Action } from '../core/decide.ts'
import { ENGINE_BATCH_MAX, REASON_LENGTH_MAX } from '../core/limits.ts'
import { checkName } from '../core/names.ts'
import { shown } from '../core/text.ts'
import type { Job } from '../core/view.ts'
import { checkId, checkText, refuse } from './arguments.ts'
import { type CarryOutDeps, type Controlled, carryOut } from './carry-out.ts'

export interface ControlOptions {
  /** Who acts, for the job's history. Default 'library'. */
  readonly by?: string
}
export interface CancelOptions extends ControlOptions {
  /** Kept in the history and told to the handler. */
  readonly reason?: string
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
  readonly resolve: ActWith<ResolveOptions>
  pause(queue: string | readonly string[], options?: ControlOptions): Promise<void>
  resume(queue: string | readonly string[], options?: ControlOptions): Promise<void>
}

const WHO_DEFAULT = 'library'
const WHO_LENGTH_MAX = 128

export const createControl = (deps: CarryOutDeps): Control => {
  const { engine, events, logger } = deps

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

  const setPaused = async (queue: unknown, paused: boolean, options: ControlOptions = {}): Promise<void> => {
    const by = checkWho(options.by)
    const names = Array.isArray(queue) ? queue : [queue]
    const requests = names.map((name) => ({ queue: checkName(name, 'queue'), paused, by }))
    await engine.pause(requests)
    for (const { queue: name } of requests) {
      logger.info({ queue: name, by }, paused ? 'queue paused' : 'queue resumed')
      events.emit(paused ? 'paused' : 'resumed', { queue: name, by })
    }
  }

  // Async, so that a bad argument rejects like everything else.
  const methods = {
    cancel: async (ids: unknown, options?: CancelOptions) =>
      act(ids, { kind: 'cancel', reason: checkReason(options?.reason) }, options),
    retry: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'retry' }, options),
    remove: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'remove' }, options),
    runNow: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'promote' }, options),
    resolve: async (ids: unknown, options?: ResolveOptions) => {
      const to = checkTarget(options?.to)
      return act(ids, { kind: 'resolve', to, reason: checkReason(options?.reason) }, options)
    },
  }
  return {
    // One id or a list: which answer belongs to which is told by the overloads of Act.
    ...(methods as Pick<Control, keyof typeof methods>),
    pause: (queue, options) => setPaused(queue, true, options),
    resume: (queue, options) => setPaused(queue, false, options),
  }
}

export const checkWho = (by: unknown): string =>
  by === undefined ? WHO_DEFAULT : checkText(by, 'by', WHO_LENGTH_MAX)

export const checkReason = (reason: unknown): string | null =>
  reason === undefined || reason === null ? null : checkText(reason, 'reason', REASON_LENGTH_MAX)

const TARGETS = ['ready', 'completed', 'dead', 'cancelled'] as const

const checkTarget = (to: unknown): ResolveOptions['to'] =>
  TARGETS.find((target) => target === to) ?? refuse('to', `is ${shown(to)}; there are ${TARGETS.join(', ')}`)
