import { PosthasteError } from '../../../core/errors.ts'
import type { Engine } from '../../../engines/engine.ts'

const COLLECTION = 'heritage'
/** Other processes on the same store may be faster; more often than this in a row they are not. */
const ROUNDS_MAX = 100

export interface Numbers {
  /** A number that nobody else gets, the first one being 1. */
  next(): Promise<number>
}

/**
 * The integer ids that old clients expect, counted by a document in the store: they survive restarts, and no number is
 * given twice, however many processes count. A number whose job was not stored in the end (a crash in between) is left
 * out. Requests that come at the same time take their numbers in one step.
 * @param space each space counts for itself
 */
export const createNumbers = (engine: Pick<Engine, 'getRecords' | 'putRecords'>, space: string): Numbers => {
  const document = { collection: COLLECTION, key: space }
  let waiting: { readonly resolve: (number: number) => void; readonly reject: (error: unknown) => void }[] =
    []
  let isCounting = false

  /** Answers the first of `count` numbers in a row. */
  const reserve = async (count: number): Promise<number> => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const [stored] = await engine.getRecords([document])
      const last = stored ? lastOf(stored.value, space) : 0
      const value = JSON.stringify({ last: last + count })
      const [verdict] = await engine.putRecords([
        { ...document, value, expect: stored?.version ?? 0, ttlMs: null },
      ])
      if (verdict?.status === 'ok') return last + 1
    }
    throw new PosthasteError('E_CONFLICT', `The counter of ${space} numbers kept changing.`)
  }

  const count = async (): Promise<void> => {
    isCounting = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        const first = await reserve(batch.length)
        for (const [index, { resolve }] of batch.entries()) resolve(first + index)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isCounting = false
  }

  return {
    next: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        // After this turn, so that requests that came together are counted together.
        if (waiting.length === 1 && !isCounting) queueMicrotask(count)
      }),
  }
}

const lastOf = (text: string, space: string): number => {
  const { last } = JSON.parse(text) as { readonly last?: unknown }
  if (Number.isSafeInteger(last)) return last as number
  throw new PosthasteError('E_STORE_CORRUPT', `The counter of ${space} numbers is no number.`)
}
