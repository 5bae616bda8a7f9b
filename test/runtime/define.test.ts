import { PosthasteError, posthaste, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const run = () => null

describe('task()', () => {
  test('keeps its definition and cannot be changed afterwards', () => {
    const made = task({ name: 'mail.send:v2', payload: z.string(), queue: 'mail', timeout: '30s', run })
    expect(made).toMatchObject({ name: 'mail.send:v2', queue: 'mail', timeout: '30s', run })
    expect(Object.isFrozen(made)).toBe(true)
  })

  test.each([
    [null, 'E_ARGUMENT', 'task'],
    [{ run }, 'E_NAME', 'task.name'],
    [{ name: '', run }, 'E_NAME', 'task.name'],
    [{ name: '__proto__', run }, 'E_NAME', 'task.name'],
    [{ name: 'a b', run }, 'E_NAME', 'task.name'],
    [{ name: 'a' }, 'E_ARGUMENT', 'task a: run'],
    [{ name: 'a', run, timeuot: '5m' }, 'E_ARGUMENT', 'task.timeuot'],
    [{ name: 'a', run, payload: {} }, 'E_ARGUMENT', 'task a: payload'],
    [{ name: 'a', run, payload: { type: 'object' } }, 'E_ARGUMENT', 'task a: payload'],
    [{ name: 'a', run, queue: '-' }, 'E_NAME', 'task a: queue'],
    [{ name: 'a', run, priority: 'urgent' }, 'E_PRIORITY', 'task a: priority'],
    [{ name: 'a', run, timeout: 0 }, 'E_DURATION', 'task a: timeout'],
    [{ name: 'a', run, lease: '5ms' }, 'E_DURATION', 'task a: lease'],
    [{ name: 'a', run, retry: 5 }, 'E_ARGUMENT', 'task a: retry'],
    [{ name: 'a', run, retry: { max: 5 } }, 'E_ARGUMENT', 'task a: retry.max'],
    [{ name: 'a', run, retry: { maxRetries: -1 } }, 'E_ARGUMENT', 'task a: retry.maxRetries'],
    [{ name: 'a', run, retry: { backoff: 'often' } }, 'E_ARGUMENT', 'task a: retry.backoff'],
    [{ name: 'a', run, retry: { backoff: { base: 'x' } } }, 'E_DURATION', 'task a: retry.backoff.base'],
    [{ name: 'a', run, retry: { whenExhausted: 'no' } }, 'E_ARGUMENT', 'task a: retry.whenExhausted'],
  ])('refuses %j', async (definition, code, field) => {
    const make = () => task(definition as never)
    expect(make).toThrow(PosthasteError)
    expect(make).toThrow(expect.objectContaining({ code, field }))
    // What did not come from task() is checked when it is registered.
    await expect(posthaste({ engine: 'memory:', tasks: [definition as never] })).rejects.toMatchObject({
      code,
      field,
    })
  })
})
