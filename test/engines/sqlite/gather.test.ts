import { expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import type { Executor } from '../../../src/engines/sqlite/executor.ts'
import { Gatherer } from '../../../src/engines/sqlite/gather.ts'
import { codeOf } from './lab.ts'

/** A disk that hangs cannot be had in a test: this stands where the database would be carried out, and never answers. */
const hanging: Executor = {
  isApart: true,
  facts: { sqliteVersion: '', schemaVersion: 0 },
  run: () => new Promise(() => undefined),
  close: async () => undefined,
}

it('goes on telling calls that they waited too long, with one timer and no busy waiting', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => timers.mockRestore())
  const gatherer = new Gatherer({
    executor: hanging,
    clock: systemClock,
    callTimeoutMs: 20,
    onHints: () => undefined,
  })
  expect(await codeOf(gatherer.call('now', undefined))).toBe('E_STORE_TIMEOUT')
  // The first call is under way for ever; the next ones wait for its end.
  for (let n = 0; n < 3; n++) {
    expect(await codeOf(gatherer.call('now', undefined))).toBe('E_STORE_TIMEOUT')
  }
  const delays = timers.mock.calls.map(([, delay]) => delay ?? 0)
  expect(delays.filter((delay) => !Number.isFinite(delay))).toEqual([])
  expect(delays.length).toBeLessThan(12)
})
