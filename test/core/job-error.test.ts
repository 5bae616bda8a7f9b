import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PosthasteError } from '../../src/core/errors.ts'
import { isRetriable, toJobError } from '../../src/core/job-error.ts'
import { ERROR_MESSAGE_LENGTH_MAX, ERROR_STACK_LENGTH_MAX } from '../../src/core/limits.ts'

const throwing = (): never => {
  throw new Error('trap')
}
const hostile = new Proxy(new Error('x'), {
  get: throwing,
  has: throwing,
  ownKeys: throwing,
  getPrototypeOf: throwing,
})

describe('toJobError', () => {
  it('keeps name, message, code and the frames of the stack', () => {
    const error = Object.assign(new TypeError('no'), { code: 'ENOENT' })
    expect(toJobError(error)).toEqual({
      name: 'TypeError',
      message: 'no',
      code: 'ENOENT',
      stack: expect.stringMatching(/^ {4}at /),
    })
    expect(toJobError(Object.assign(new Error('no'), { code: 42 })).code).toBe('42')
  })

  it.each<[string, unknown, string]>([
    ['a text', 'gone', 'gone'],
    ['null', null, 'null was thrown'],
    ['undefined', undefined, 'undefined was thrown'],
    ['a number', 5, '5 was thrown'],
    ['a symbol', Symbol('x'), 'Symbol(x) was thrown'],
    ['a function', () => 1, 'a function was thrown'],
    ['an object', { message: 'like an error' }, 'like an error'],
    ['an empty object', {}, 'An error without a message was thrown.'],
    ['an empty text', '', 'An error without a message was thrown.'],
    ['a hostile proxy', hostile, 'An error without a message was thrown.'],
  ])('makes an error of %s', (_, thrown, message) => {
    expect(toJobError(thrown)).toMatchObject({ name: 'Error', message })
  })

  it('tells the causes: a message such as "fetch failed" alone helps nobody', () => {
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:1')
    expect(toJobError(new TypeError('fetch failed', { cause })).message).toBe(
      'fetch failed: connect ECONNREFUSED 127.0.0.1:1',
    )
    expect(toJobError(new AggregateError([cause], '')).message).toBe('connect ECONNREFUSED 127.0.0.1:1')
    const self = new Error('round')
    self.cause = self
    expect(toJobError(self).message).toBe('round')
  })

  it('shows no credentials', () => {
    const error = new Error('cannot reach smtp://user:c4n4ry@host, password=c4n4ry', {
      cause: 'Bearer c4n4ryc4n4ry',
    })
    error.stack = `Error: x\n    at connect (smtp://user:c4n4ry@host)`
    expect(JSON.stringify(toJobError(error))).not.toContain('c4n4ry')
    expect(JSON.stringify(toJobError('redis://:c4n4ry@host'))).not.toContain('c4n4ry')
  })

  it('shows no credentials that a cut would have left without their end', () => {
    for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
      const message = `${'x'.repeat(ERROR_MESSAGE_LENGTH_MAX - 20 + length)} smtp://user:c4n4ry@host`
      expect(toJobError(new Error(message)).message).not.toContain('c4n4')
    }
  })

  it('bounds a mebibyte of message, name, code and stack', () => {
    const long = '😀'.repeat(512 * 1024)
    const error = Object.assign(new Error(long), { name: long, code: long })
    error.stack = `${long}\n    at ${long}`
    const kept = toJobError(error)
    expect(kept.message.length).toBeLessThanOrEqual(ERROR_MESSAGE_LENGTH_MAX)
    expect(kept.stack?.length).toBeLessThanOrEqual(ERROR_STACK_LENGTH_MAX)
    expect(kept.name.length).toBeLessThanOrEqual(100)
    expect(kept.code?.length).toBeLessThanOrEqual(100)
    expect(toJobError(long).message.length).toBeLessThanOrEqual(ERROR_MESSAGE_LENGTH_MAX)
  })

  it('never throws, and always answers plain bounded text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.record({
            name: fc.anything(),
            message: fc.anything(),
            code: fc.anything(),
            stack: fc.anything(),
            cause: fc.anything(),
            errors: fc.anything(),
          }),
        ),
        (thrown) => {
          const { name, message, code, stack } = toJobError(thrown)
          expect(typeof name === 'string' && typeof message === 'string' && message !== '').toBe(true)
          expect([typeof code, typeof stack].every((type) => type === 'string' || type === 'undefined')).toBe(
            true,
          )
          expect(typeof isRetriable(thrown)).toBe('boolean')
        },
      ),
    )
  })
})

describe('isRetriable', () => {
  it('is denied by the thrower only', () => {
    expect(isRetriable(new Error('x'))).toBe(true)
    expect(isRetriable(null)).toBe(true)
    expect(isRetriable('x')).toBe(true)
    expect(isRetriable({ retriable: true })).toBe(true)
    expect(isRetriable({ retriable: 0 })).toBe(true)
    expect(isRetriable({ retriable: false })).toBe(false)
    expect(isRetriable(hostile)).toBe(true)
  })

  it('is not denied by what Posthaste says about its own calls, unless they were wrong', () => {
    expect(isRetriable(new PosthasteError('E_STORE_CLOSED'))).toBe(true)
    expect(isRetriable(new PosthasteError('E_JOB_MISSING'))).toBe(true)
    expect(isRetriable(new PosthasteError('E_PAYLOAD'))).toBe(false)
    expect(isRetriable(new PosthasteError('E_TOO_LARGE'))).toBe(false)
    expect(isRetriable(new PosthasteError('E_BLOB_MISSING'))).toBe(false)
    expect(isRetriable(new PosthasteError('E_BLOBS'))).toBe(true)
  })
})
