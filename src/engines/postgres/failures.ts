import { type ErrorCode, PosthasteError } from '../../core/errors.ts'
import { maskText } from '../../core/mask.ts'

/** SQLSTATEs and their classes (the first two characters) that mean something particular to the caller. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  '25006': 'E_STORE_READ_ONLY',
  '42501': 'E_STORE_READ_ONLY',
  '53100': 'E_STORE_FULL',
  '53300': 'E_STORE_BUSY',
  '55P03': 'E_STORE_BUSY',
  '57014': 'E_STORE_TIMEOUT',
  XX001: 'E_STORE_CORRUPT',
  XX002: 'E_STORE_CORRUPT',
}

/** What `posthaste.expect` raises: a statement did not find what had been read before. */
const UNEXPECTED = 'PH001'

/** Another transaction was in the way and nothing was written: the same call, begun anew, may go through. */
const AGAIN = new Set([UNEXPECTED, '40001', '40P01', '23505'])

export const sqlStateOf = (error: unknown): string | undefined => {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

export const isWorthAnotherTry = (error: unknown): boolean => AGAIN.has(sqlStateOf(error) ?? '')

/** The server is a replica, or became one: another connection may lead to the one that can be written. */
export const isReadOnly = (error: unknown): boolean => sqlStateOf(error) === '25006'

/** Whether the connection is of no use any more. Errors of statements carry a SQLSTATE; those of the network do not. */
export const isConnectionLost = (error: unknown): boolean => {
  const state = sqlStateOf(error)
  if (error instanceof PosthasteError) return false
  return state === undefined || state.startsWith('08') || state.startsWith('57P') || state === '25006'
}

export const reasonOf = (error: unknown): string =>
  maskText(error instanceof Error ? error.message : String(error))

/** What the caller of the engine is told. `doing` completes "The PostgreSQL store failed while …". */
export const toStoreError = (error: unknown, doing: string): PosthasteError => {
  if (error instanceof PosthasteError) return error
  const code = isWorthAnotherTry(error) ? 'E_STORE_BUSY' : (CODES[sqlStateOf(error) ?? ''] ?? 'E_STORE')
  return new PosthasteError(code, `The PostgreSQL store failed while ${doing}: ${reasonOf(error)}.`, {
    cause: error,
  })
}
