import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { newId } from '../../../src/core/ids.ts'
import type { JobRecord, NewJob, Settlement } from '../../../src/core/job.ts'
import type { ClaimRequest, Engine } from '../../../src/engines/engine.ts'
import { openDatabase, type SqliteDatabase } from '../../../src/engines/sqlite/driver.ts'
import { createSqliteEngine, type SqliteEngineOptions } from '../../../src/engines/sqlite/index.ts'

/** A folder that is gone when the test is over. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An open engine that is closed when the test is over. */
export const openEngine = async (options: SqliteEngineOptions): Promise<Engine> => {
  const engine = createSqliteEngine(options)
  onTestFinished(() => engine.close())
  await engine.open()
  return engine
}

/** A connection of the test's own, of the same SQLite that the engine uses. */
export const openHandle = async (path: string): Promise<SqliteDatabase> => {
  const database = await openDatabase(path)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return database
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

/** The code of the error with which something is refused. */
export const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { readonly code?: unknown }) => error.code,
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

/** What SQLite says about the whole file: `ok`, or what is wrong. */
export const integrityOf = (database: SqliteDatabase): unknown =>
  Object.values(database.prepare('pragma integrity_check').get() as object)[0]
