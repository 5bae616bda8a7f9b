// Handlers that run in children, for test/runtime/isolation.test.ts. The children import this file, so it is JavaScript.
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Discard, RetryAfter, snooze, task } from 'posthaste'

/** A schema whose result is no JSON: what it makes must be made in the child. */
const dated = {
  '~standard': {
    version: /** @type {const} */ (1),
    vendor: 'test',
    /** @param {unknown} value */
    validate: (value) => {
      const at = new Date(String(/** @type {{ at?: unknown }} */ (Object(value)).at))
      return Number.isNaN(at.getTime())
        ? { issues: [{ message: 'no date', path: ['at'] }] }
        : { value: { at } }
    },
  },
}

/** @typedef {import('posthaste').TaskContext} Context */

/** @type {Record<string, (payload: any, context: Context) => unknown>} */
const HANDLERS = {
  where: () => ({ pid: process.pid, cwd: process.cwd(), env: Object.keys(process.env), argv: process.argv }),
  exit: (payload, { attempt }) =>
    attempt <= payload.times ? process.exit(3) : { pid: process.pid, attempt },
  fail: () => {
    throw new TypeError('It does not fit.')
  },
  context: async (_, { job, attempt, fence, progress, log, checkpoint, add }) => {
    progress({ done: 0.5 })
    log('said', 'warn')
    console.log('printed')
    console.error('complained')
    const before = checkpoint.get() ?? null
    await checkpoint.set({ attempt })
    const id = add('where', { n: 1 }, { delay: '1h' })
    return {
      job: { ...job, createdAt: job.createdAt instanceof Date },
      attempt,
      fence,
      before,
      id,
      kept: checkpoint.get(),
    }
  },
  keeps: async (_, { attempt, checkpoint }) => {
    if (attempt > 1) return checkpoint.get()
    await checkpoint.set({ written: 'in the first run' })
    throw new Error('once more')
  },
  addsBadly: (_, { add }) => {
    try {
      return add('dated', { at: 'never' })
    } catch (error) {
      return { code: /** @type {any} */ (error).code, message: /** @type {Error} */ (error).message }
    }
  },
  parents: async (_, { parents }) => parents(),
  snoozes: (_, { attempt, checkpoint }) =>
    checkpoint.get() === undefined && attempt > 5 ? null : snooze('1h', 'not yet'),
  discards: () => {
    throw new Discard('not wanted')
  },
  retriesLater: () => {
    throw new RetryAfter('1h', 'later')
  },
  /** Says when it began, and ends when it is told to stop. */
  obeys: async ({ began }, { signal }) => {
    writeFileSync(began, String(process.pid))
    while (!signal.aborted) await sleep(5)
    throw signal.reason
  },
  /** Says when it began, and does not listen. */
  ignores: ({ began }) => {
    writeFileSync(began, String(process.pid))
    for (;;);
  },
  waitsFor: async ({ file, began }) => {
    if (began !== undefined) writeFileSync(began, String(process.pid))
    while (!existsSync(file)) await sleep(5)
    return process.pid
  },
}

/** @param {'thread' | 'process' | 'none'} isolate */
export const tasksIn = (isolate) => [
  ...Object.entries(HANDLERS).map(([name, run]) =>
    task({
      name,
      run,
      isolate,
      module: import.meta.url,
      memoryMb: 128,
      env: ['ISOLATION_TEST'],
      retry: { maxRetries: 3, backoff: { base: '5ms', factor: 1, jitter: 0 } },
    }),
  ),
  task({
    name: 'dated',
    payload: dated,
    isolate,
    module: import.meta.url,
    memoryMb: 128,
    env: ['ISOLATION_TEST'],
    run: ({ at }) => ({ isDate: at instanceof Date, year: at.getUTCFullYear() }),
  }),
]

/** What a child finds: by its name; where it runs is decided by then. */
export default tasksIn('none')
