import { onTestFinished } from 'vitest'
import { newId } from '../../../src/core/ids.ts'
import type { JobRecord, NewJob, Settlement } from '../../../src/core/job.ts'
import type { ClaimRequest, Engine } from '../../../src/engines/engine.ts'
import { createPostgresEngine, type PostgresEngineOptions } from '../../../src/engines/postgres/index.ts'

/** An open engine that is closed when the test is over. */
export const openEngine = async (options: PostgresEngineOptions): Promise<Engine> => {
  const engine = createPostgresEngine(options)
  onTestFinished(() => engine.close())
  await engine.open()
  return engine
}

export const newJob = (given: Partial<NewJob> = {}): NewJob => ({
  id: newId(),
  task: 'greet',
  queue: 'default',
  group: null,
  priority: 5,
  payload: '{}',
  delayMs: 0,
  runAt: null,
  blocked: null,
  maxRetries: null,
  leaseMs: null,
  options: null,
  key: null,
  ref: null,
  tags: null,
  ties: null,
  ...given,
})

export const newJobs = (count: number, given: Partial<NewJob> = {}): NewJob[] =>
  Array.from({ length: count }, () => newJob(given))

export const CLAIM: ClaimRequest = { limit: 100, queues: null, tasks: null, order: 'merged', leaseMs: 30_000 }

export const completion = (job: JobRecord): Settlement => ({
  id: job.id,
  fence: job.fence,
  to: 'completed',
  attempt: 1,
  retries: 0,
  crashes: 0,
  solo: false,
  startedAt: job.createdAt,
  reason: null,
  output: null,
  error: null,
  history: null,
  unlessCancelled: false,
})

/** The error with which something is refused. */
export const errorOf = async (work: Promise<unknown>): Promise<{ code?: unknown; message: string }> =>
  work.then(
    () => ({ message: 'no error' }),
    (error: Error) => error,
  )

/** Waits for a condition, and fails when it does not come true in time. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> => {
  const deadline = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Nothing happened within ${deadlineMs} ms.`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The schema that a URL names. */
export const schemaOf = (url: string): string => new URL(url).searchParams.get('schema') ?? ''

/** How many jobs there are by state. */
export const countsOf = async (engine: Engine): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { state, count } of await engine.counts()) counts[state] = (counts[state] ?? 0) + count
  return counts
}
