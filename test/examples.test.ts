import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** Every example is run as a reader would run it: by Node.js, from the built package, in a folder of its own. */
const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url))
const README = fileURLToPath(new URL('../README.md', import.meta.url))
const TIMEOUT_MS = 30_000

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-examples-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = async (name: string): Promise<string[]> => {
  const options = { cwd: folder, timeout: TIMEOUT_MS }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(EXAMPLES, name)], options)
  expect(stderr).toBe('')
  return stdout.trimEnd().split('\n')
}

/** What each one prints. An example without an entry here fails the last test. */
const PRINTS: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  'hello.js': ['Hello, Ada!'],
  'isolated-task.js': [
    'completed: { words: 6 }',
    'log: what a handler prints is in the log of its job',
    'dead after 3 attempts, reason: crashed',
    /^The process that ran the job was ended by SIGABRT/,
    'the worker is running',
  ],
  'mail-with-attachment.js': ['mail: completed', 'mail: dead, E_BLOB_MISSING', "echo: { hello: 'world' }"],
  'nightly-schedule.js': [
    '2030-03-30 02:30:00',
    '2030-03-31 03:00:00',
    '2030-04-01 02:30:00',
    'a report of yesterday',
  ],
  'debounce.js': [
    'inserted rescheduled rescheduled',
    'one job',
    'indexed 7',
    'after the last change',
    'inserted',
  ],
  'fan-out-and-in.js': ['8 words, 1 chapter missing', 'one, two, lost', 'E_FLOW_CIRCLE'],
  'batch-with-callback.js': [
    'running: 21 of 21 are left',
    'all rows are in',
    'succeeded: 21 completed, 100%',
  ],
  'resumable-steps.js': [
    'run 1: charged for tea',
    'run 1: printing',
    'failed: The printer is out of paper.',
    'finished steps: charge',
    'run 2: printing',
    'sent after run 2',
    'mail: receipt 4711',
  ],
  'job-in-your-transaction.js': ['Nobody paid for coffee.', 'Receipt for tea', 'orders: 1, jobs: 1'],
  'per-tenant-rate-limit.js': [
    'big 1',
    'small 1',
    'big 2',
    'small 2',
    /^Group big of queue mail has had its 2 jobs of the last 2s; the next may begin in \d+.*, at 20/,
    'big 3',
    'big 4',
    'big: 100 in 60000 ms',
    'Resume the group.',
  ],
  'canary-retry.js': [
    '40 × no answer from *',
    '40 jobs would be retried',
    'stopped after 10 jobs',
    'done: 40 jobs, canary passed',
    'ada, in the first run',
    'ada, in the second run',
    'bulk.end, bulk.start, bulk.end, bulk.start',
  ],
  'thumbnails.js': [
    'upright: 480 × 640',
    'large: 300 × 400 in out/large.webp',
    'thumb: 100 × 100 in out/thumb.png',
    'dead: E_IMAGE',
  ],
  'report-from-csv.js': ['DE: 11', 'FR: 5', 'amount,country | 10,DE | 5,FR', 'dead: E_DATA'],
  'webhook.js': [
    'attempt 1: E_HTTP_LATER',
    'received {"type":"order.paid","order":1047}, new',
    'completed after 2 attempts: 200 thanks',
    'dead: E_URL_REFUSED',
  ],
  'retry-and-dead-letter.js': [
    'one order',
    /^attempt 1 failed, next at 20/,
    /^attempt 2 failed, next at 20/,
    'dead after 3 attempts: The supplier does not answer about tea.',
    /^It gave up .* ago: it had no retries left\. The last error: Error: The supplier/,
    'Retry it, or remove it; otherwise it is kept until its retention ends.',
    "completed: { ordered: 'tea' }",
    'log: attempt 1',
    'log: attempt 2',
    'log: attempt 3',
    'log: attempt 4',
  ],
}

describe('examples', () => {
  test.each(Object.entries(PRINTS))('%s prints what it says', async (name, expected) => {
    const lines = await run(name)
    expect(lines).toHaveLength(expected.length)
    for (const [i, line] of lines.entries()) expect(line).toMatch(expected[i] as string | RegExp)
  })

  test('hello.js runs again on the same file', async () => {
    expect(await run('hello.js')).toEqual(['Hello, Ada!'])
  })

  test('each is run here', async () => {
    const files = (await readdir(EXAMPLES)).filter((name) => /\.[cm]?[jt]s$/.test(name))
    expect(files.sort()).toEqual(Object.keys(PRINTS).sort())
  })

  test('the first one is what the README shows', async () => {
    const [example, readme] = await Promise.all([
      readFile(join(EXAMPLES, 'hello.js'), 'utf8'),
      readFile(README, 'utf8'),
    ])
    const code = example.replace(/^(\/\/.*\n)+/, '')
    expect(readme).toContain(`\`\`\`js\n${code}\`\`\``)
  })
})
