// Handlers that run in children, for test/runtime/isolation.test.ts. The children import this file, so it is JavaScript.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
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
  /** More than a pipe takes at once. */
  floods: () => {
    for (let n = 0; n < 300; n++) process.stdout.write('x'.repeat(100_000))
    return { pid: process.pid }
  },
  closesOutput: () => {
    process.stdout.end()
    return { pid: process.pid }
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
  /** The first run crashes in the middle of its second step. */
  steps: async ({ file }, { attempt, step }) => {
    const work = (/** @type {string} */ name) => () => {
      writeFileSync(file, `${name} `, { flag: 'a' })
      return { name, at: new Date(0) }
    }
    const failed = await step('failing', () => {
      throw new Error('not this')
    }).catch((/** @type {Error} */ error) => error.message)
    const first = await step('first', work('first'))
    const second = await step('second', () => (attempt === 1 ? process.exit(3) : work('second')()))
    const nothing = await step('nothing', () => undefined)
    const twice = await step('first', work('again')).catch((/** @type {any} */ error) => error.code)
    return { failed, first, second, nothing: nothing === undefined, twice }
  },
  addsWithinStep: async (_, { step, add }) =>
    step('adds', () => add('where', {})).catch((/** @type {any} */ error) => error.code),
  blobs: async ({ hash }, { blobs }) => {
    const text = (await blobs.bytes(hash)).toString()
    let streamed = ''
    for await (const chunk of await blobs.stream(hash)) streamed += chunk
    const read = await blobs.withFile(hash, (path) => readFileSync(path, 'utf8'))
    const { hash: stored, size, expiresAt } = await blobs.put(text.toUpperCase())
    const none = await blobs.info(`sha256:${'0'.repeat(64)}`)
    const missing = await blobs
      .bytes(`sha256:${'0'.repeat(64)}`)
      .catch((/** @type {any} */ error) => error.code)
    const large = await blobs
      .put('too large', { maxBytes: 3 })
      .catch((/** @type {any} */ error) => error.code)
    return { text, streamed, read, stored, size, isDate: expiresAt instanceof Date, none, missing, large }
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
  startsAnother: async ({ began }) => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'], { stdio: 'ignore' })
    writeFileSync(began, String(other.pid))
    await sleep(60_000)
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
    version: 2,
    upgrade: { 1: (before) => ({ at: before.when }) },
    run: ({ at }) => ({ isDate: at instanceof Date, year: at.getUTCFullYear() }),
  }),
]

/** What a child finds: by its name; where it runs is decided by then. */
export default tasksIn('none')
