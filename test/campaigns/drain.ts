import { join } from 'node:path'
import type { Job, Posthaste } from 'posthaste'
import { expect } from 'vitest'
import { LIVE_STATES } from '../../src/core/states.ts'
import { openDatabase } from '../../src/engines/sqlite/driver.ts'

const DRAIN_MS = 120_000

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What the store says of the first jobs that are still live. */
const rest = async (ph: Posthaste): Promise<string> => {
  const { jobs } = await ph.list({ state: [...LIVE_STATES], limit: 3 })
  const told = await Promise.all(jobs.map(async (job) => ({ job, explained: await ph.explain(job.id) })))
  return told.length === 0 ? 'no live job is listed' : JSON.stringify(told)
}

/** Waits until no job is live; `meanwhile` keeps workers there. */
export const drain = async (ph: Posthaste, meanwhile: () => Promise<void>): Promise<void> => {
  const from = performance.now()
  for (;;) {
    await meanwhile()
    // A call may be lost with its connection; it is made again.
    const states = await ph.stats().then(
      (stats) => stats.states,
      (error: Error) => error,
    )
    const isKnown = !(states instanceof Error)
    if (isKnown && states.ready + states.scheduled + states.running + states.retrying + states.blocked === 0)
      return
    if (performance.now() - from > DRAIN_MS)
      throw new Error(`not drained: ${isKnown ? JSON.stringify(states) : states.message}; ${await rest(ph)}`)
    await pause(50)
  }
}

export const everyJob = async (ph: Posthaste): Promise<Job[]> => {
  const jobs: Job[] = []
  let cursor: string | null | undefined
  do {
    const page = await ph.list({ limit: 200, ...(cursor == null ? {} : { cursor }) })
    jobs.push(...page.jobs)
    cursor = page.cursor
  } while (cursor != null)
  return jobs
}

/** Only when no other handle of this process is open on the file: closing one drops the locks of all. */
export const expectSoundFile = async (folder: string): Promise<void> => {
  const database = await openDatabase(join(folder, 'jobs.db'))
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
}
