import { isPosthasteError } from './errors.ts'
import type { JobError } from './job.ts'
import { ERROR_MESSAGE_LENGTH_MAX, ERROR_STACK_LENGTH_MAX } from './limits.ts'
import { maskAndClip } from './mask.ts'
import { clip } from './text.ts'

const NAME_LENGTH_MAX = 100
const CODE_LENGTH_MAX = 100
const CAUSES_MAX = 3
const NO_MESSAGE = 'An error without a message was thrown.'

/**
 * What is kept of anything that a handler threw: bounded, without credentials. Never throws, whatever was thrown: a
 * getter that throws, a proxy, null, a message of a mebibyte.
 */
export const toJobError = (thrown: unknown): JobError => {
  if (typeof thrown !== 'object' || thrown === null) {
    const text = typeof thrown === 'string' ? thrown : `${describe(thrown)} was thrown`
    return { name: 'Error', message: said(text) }
  }
  const name = text(read(thrown, 'name')) || 'Error'
  const code = read(thrown, 'code')
  const stack = frames(text(read(thrown, 'stack')))
  return {
    name: clip(name, NAME_LENGTH_MAX),
    message: said(messageOf(thrown)),
    ...(typeof code === 'string' || typeof code === 'number'
      ? { code: clip(String(code), CODE_LENGTH_MAX) }
      : {}),
    ...(stack === '' ? {} : { stack }),
  }
}

/**
 * Whether a new attempt may help: an explicit `retriable: false` on what was thrown says no. Of Posthaste's own errors
 * only those about what the handler gave say no, as a blob that is gone: that a store was closed says nothing about the
 * job. Never throws.
 */
export const isRetriable = (thrown: unknown): boolean => {
  if (typeof thrown !== 'object' || thrown === null) return true
  try {
    if (isPosthasteError(thrown)) {
      return thrown.retriable || !(REFUSALS.has(thrown.status) || thrown.code === 'E_BLOB_MISSING')
    }
  } catch {
    // A proxy that does not even say what it is.
  }
  return read(thrown, 'retriable') !== false
}

/** HTTP statuses of errors about what the caller gave. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413])

/** The message with those of its causes: "fetch failed" alone helps nobody. */
const messageOf = (thrown: object): string => {
  const parts: string[] = []
  let node: unknown = thrown
  for (let depth = 0; depth <= CAUSES_MAX && typeof node === 'object' && node !== null; depth++) {
    const message = text(read(node, 'message'))
    if (message !== '' && !parts.some((part) => part.includes(message))) parts.push(message)
    // An AggregateError (several addresses tried) says nothing by itself.
    const errors = read(node, 'errors')
    node =
      read(node, 'cause') ?? (typeof errors === 'object' && errors !== null ? read(errors, '0') : undefined)
  }
  return parts.join(': ')
}

const said = (message: string): string => maskAndClip(message || NO_MESSAGE, ERROR_MESSAGE_LENGTH_MAX)

/** The frames of a stack; its head repeats the message. */
const frames = (stack: string): string => {
  const start = stack.indexOf('\n    at ')
  return start === -1 ? '' : maskAndClip(stack.slice(start + 1), ERROR_STACK_LENGTH_MAX)
}

const read = (from: object, key: string): unknown => {
  try {
    return (from as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const describe = (value: unknown): string =>
  typeof value === 'function' ? 'a function' : clip(String(value), NAME_LENGTH_MAX)
