import { askForLogin } from '../state/login.ts'

/** A request that takes longer than this is given up: the server itself answers within 30 s. */
const TIMEOUT_MS = 35_000

/** What went wrong, as people read it. From the problem document of the answer, or about the way to it. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly remedy: string
  readonly field: string | null

  constructor(status: number, code: string, message: string, remedy: string, field: string | null = null) {
    super(message)
    this.status = status
    this.code = code
    this.remedy = remedy
    this.field = field
  }
}

export type Method = 'GET' | 'POST' | 'DELETE'

/** Sends a request and answers its JSON. @throws Problem */
export const send = async <T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> => {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(0, 'UNREACHABLE', 'The server does not answer.', 'Check that posthaste is running.')
  }
  if (response.status === 401) askForLogin()
  const answer = await response.json().catch(() => null)
  if (!response.ok) throw problemOf(response.status, answer)
  return answer as T
}

const problemOf = (status: number, answer: unknown): Problem => {
  const said = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>
  const text = (name: string): string | null => (typeof said[name] === 'string' ? said[name] : null)
  const message = text('detail') ?? text('title') ?? `The server answered with status ${status}.`
  return new Problem(status, text('code') ?? 'UNKNOWN', message, text('remedy') ?? '', text('field'))
}

/** The same for anything that was thrown. */
export const asProblem = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem(0, 'UNKNOWN', error instanceof Error ? error.message : String(error), '')

/** Whether a request ended because nobody waits for its answer any more. */
export const isAborted = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError'
