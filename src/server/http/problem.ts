import { randomUUID } from 'node:crypto'
import { ERRORS, type ErrorCode, isPosthasteError, PosthasteError } from '../../core/errors.ts'
import type { Logger } from '../../runtime/logger.ts'

/** A problem document (RFC 9457) and what goes with it. */
export interface Problem {
  readonly type: string
  /** What kind of error it is; the same for every error of one code. */
  readonly title: string
  readonly status: number
  /** What is wrong this time. */
  readonly detail: string
  readonly code: ErrorCode
  readonly remedy: string
  /** Whether the same request may succeed later. */
  readonly retriable: boolean
  /** The field that is wrong. */
  readonly field?: string
  readonly data?: Readonly<Record<string, unknown>>
  /** Finds the error in the log. */
  readonly id?: string
}

/** The document of an error. Neither stack nor cause leaves the process; an error that is not ours says nothing at all. */
const problemOf = (error: PosthasteError): Problem => {
  const { message: title, status, remedy, retriable } = ERRORS[error.code]
  const detail = error.message.endsWith(remedy)
    ? error.message.slice(0, -remedy.length).trimEnd()
    : error.message
  return {
    type: `urn:posthaste:error:${error.code}`,
    title,
    status,
    detail,
    code: error.code,
    remedy,
    retriable,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.data === undefined ? {} : { data: error.data }),
  }
}

/** The answer to a request that failed. What is our own fault goes to the log under an id that the answer names. */
export const problemResponse = (error: unknown, logger: Logger): Response => {
  const known = isPosthasteError(error) ? error : new PosthasteError('E_INTERNAL')
  let problem = problemOf(known)
  if (problem.status >= 500) {
    const id = randomUUID()
    problem = { ...problem, id }
    logger.error({ err: error, code: known.code, id }, 'a request failed')
  }
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (problem.status === 401) headers.set('www-authenticate', 'Bearer realm="posthaste"')
  if (problem.status === 405 && typeof problem.data?.allow === 'string')
    headers.set('allow', problem.data.allow)
  if (problem.status === 503 && problem.retriable) headers.set('retry-after', '1')
  if (typeof problem.data?.retryAfterMs === 'number')
    headers.set('retry-after', String(Math.ceil(problem.data.retryAfterMs / 1_000)))
  // The rest of a body that was refused is not read: the connection cannot be used again.
  if (problem.status === 413) headers.set('connection', 'close')
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}
