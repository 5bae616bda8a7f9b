import { type Clock, systemClock } from '../core/clock.ts'
import { PosthasteError } from '../core/errors.ts'
import type { Engine } from '../engines/engine.ts'
import { type EngineMethod, wrapEngine } from './wrap.ts'

/** What goes wrong, and when. */
export interface Fault {
  /** The method that it strikes. Default: any. */
  readonly method?: EngineMethod
  /** It strikes the n-th of these calls from now on. Default 1, the next one. */
  readonly call?: number
  /** How many calls in a row it strikes. Default 1; Infinity: until `heal`. */
  readonly times?: number
  /** What the call fails with; null: it does not fail, it is only late. Default: E_STORE. */
  readonly error?: Error | null
  /** `before`: the call is not carried out. `after`: it is carried out, and its answer is lost. Default `before`. */
  readonly when?: 'before' | 'after'
  /** How long the call takes longer, in ms of the given clock. Default 0. */
  readonly delayMs?: number
}

export interface FaultyEngine extends Engine {
  /** Adds a fault; several may wait at the same time, and one call may meet several. */
  inject(fault: Fault): void
  /** Takes all faults away. */
  heal(): void
  /** How many calls were made so far, of one method or of all. */
  calls(method?: EngineMethod): number
}

interface Pending {
  readonly fault: Fault
  seen: number
}

/**
 * Makes any engine misbehave on demand: fail at the n-th call, lose an answer after the work was done, be late.
 * Without a fault it is the engine beneath.
 */
export const faultyEngine = (
  engine: Engine,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): FaultyEngine => {
  const pending = new Set<Pending>()
  const counts = new Map<EngineMethod, number>()

  /** The faults that strike this call. */
  const strike = (method: EngineMethod): Fault[] =>
    [...pending]
      .filter((one) => {
        const { call = 1, times = 1, method: wanted = method } = one.fault
        if (wanted !== method) return false
        one.seen++
        if (one.seen === call + times - 1) pending.delete(one)
        return one.seen >= call
      })
      .map(({ fault }) => fault)

  const pass = async (ms: number): Promise<void> => {
    if (ms > 0) await new Promise<void>((resolve) => void clock.setTimer(resolve, ms))
  }

  const wrapped = wrapEngine(engine, async (method, carryOut) => {
    counts.set(method, (counts.get(method) ?? 0) + 1)
    const faults = strike(method)
    const failing = faults.filter(({ error }) => error !== null)
    for (const { delayMs = 0 } of faults) await pass(delayMs)
    const before = failing.find(({ when }) => when !== 'after')
    if (before !== undefined) throw errorOf(before, method)
    const answer = await carryOut()
    if (failing[0] !== undefined) throw errorOf(failing[0], method)
    return answer
  })

  return Object.assign(wrapped, {
    inject: (fault: Fault) => void pending.add({ fault, seen: 0 }),
    heal: () => pending.clear(),
    calls: (method?: EngineMethod) =>
      method === undefined
        ? [...counts.values()].reduce((sum, count) => sum + count, 0)
        : (counts.get(method) ?? 0),
  })
}

const errorOf = ({ error }: Fault, method: EngineMethod): Error =>
  error ?? new PosthasteError('E_STORE', `A fault was injected into ${method}.`)
