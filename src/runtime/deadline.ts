import type { Clock } from '../core/clock.ts'
import { PosthasteError } from '../core/errors.ts'

/**
 * The answer of a call to the store, or E_STORE_TIMEOUT after `ms`. The call itself cannot be taken back: it may be
 * carried out later, which is why every call of the contract is safe to repeat.
 */
export const within = <T>(clock: Clock, ms: number, call: () => Promise<T>): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const late = (): void =>
      reject(new PosthasteError('E_STORE_TIMEOUT', `The store did not answer within ${ms} ms.`))
    // One more turn: an answer that came while this thread was busy is heard before the call is given up.
    const timer = clock.setTimer(() => setImmediate(late), ms)
    const settled =
      <V>(then: (value: V) => void) =>
      (value: V): void => {
        timer.cancel()
        then(value)
      }
    // Inside a promise's executor: an engine that throws at once rejects like any other.
    call().then(settled(resolve), settled(reject))
  })
