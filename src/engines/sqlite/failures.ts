import { type ErrorCode, PosthasteError } from '../../core/errors.ts'

/** SQLite's primary result codes that mean something particular to the caller. */
const BUSY = 5
const CODES: Readonly<Record<number, ErrorCode>> = {
  3: 'E_STORE_READ_ONLY',
  5: 'E_STORE_BUSY',
  6: 'E_STORE_BUSY',
  8: 'E_STORE_READ_ONLY',
  11: 'E_STORE_CORRUPT',
  13: 'E_STORE_FULL',
  14: 'E_STORE_OPEN',
  26: 'E_STORE_CORRUPT',
}

/** The primary result code of an error of SQLite, or undefined when it is another one. */
export const resultOf = (error: unknown): number | undefined => {
  const code = (error as { readonly errcode?: unknown } | undefined)?.errcode
  return typeof code === 'number' ? code & 0xff : undefined
}

export const isBusy = (error: unknown): boolean => resultOf(error) === BUSY || resultOf(error) === BUSY + 1

/** What the caller of the engine is told. `doing` completes "The store failed while …". */
export const toStoreError = (error: unknown, doing: string): PosthasteError => {
  if (error instanceof PosthasteError) return error
  const code = CODES[resultOf(error) ?? -1] ?? 'E_STORE'
  const reason = error instanceof Error ? error.message : String(error)
  return new PosthasteError(code, `The SQLite store failed while ${doing}: ${reason}.`, { cause: error })
}
