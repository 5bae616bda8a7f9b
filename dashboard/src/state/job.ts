import { signal } from '@preact/signals'
import { explainJob, getJob, jobLogs } from '../api/calls.ts'
import { asProblem, isAborted, type Problem } from '../api/client.ts'
import { onLive } from '../api/live.ts'
import type { LogLine, WireExplanation, WireJob } from '../api/types.ts'
import { createRefresher, type Refresher } from './refresher.ts'

const PAUSE_MS = 500

export const job = signal<WireJob | null>(null)
export const explanation = signal<WireExplanation | null>(null)
export const logLines = signal<readonly LogLine[]>([])
export const jobProblem = signal<Problem | null>(null)

let current: Refresher | null = null

/** Reads the job that is shown again. */
export const refreshJob = (): void => current?.ask()

/** Keeps one job in step with what happens to it, until the returned function is called. */
export const watchJob = (id: string): (() => void) => {
  const own = new AbortController()
  let cursor: string | null = null
  const load = async (): Promise<void> => {
    try {
      const [newJob, newExplanation, log] = await Promise.all([
        getJob(id, own.signal),
        explainJob(id, own.signal),
        jobLogs(id, cursor, own.signal),
      ])
      if (own.signal.aborted) return
      job.value = newJob
      explanation.value = newExplanation
      cursor = log.cursor
      if (log.lines.length > 0) logLines.value = [...logLines.value, ...log.lines]
      jobProblem.value = null
    } catch (error) {
      if (!own.signal.aborted && !isAborted(error)) jobProblem.value = asProblem(error)
    }
  }
  const refresher = createRefresher(load, PAUSE_MS)
  refresher.ask()
  const stop = onLive((event) => {
    if (event.type === 'changed') refresher.ask()
    if (event.type === 'job' && event.job.id === id) refresher.ask()
    if ((event.type === 'log' || event.type === 'progress') && event.id === id) refresher.ask()
  })
  current = refresher
  return () => {
    stop()
    refresher.stop()
    own.abort()
    current = null
    job.value = null
    explanation.value = null
    logLines.value = []
    jobProblem.value = null
  }
}
