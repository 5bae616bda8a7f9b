import { signal } from '@preact/signals'
import { explainJob, getJob, jobLogs } from '../api/calls.ts'
import { asProblem, isAborted, type Problem } from '../api/client.ts'
import { onLive } from '../api/live.ts'
import type { LogLine, WireExplanation, WireJob } from '../api/types.ts'
import { createRefresher } from './refresher.ts'

const PAUSE_MS = 500

export const job = signal<WireJob | null>(null)
export const explanation = signal<WireExplanation | null>(null)
export const logLines = signal<readonly LogLine[]>([])
export const jobProblem = signal<Problem | null>(null)

interface Watch {
  readonly id: string
  refresh(): void
  suspend(): void
  resume(): void
}
let current: Watch | null = null

/** Reads the job that is shown again. */
export const refreshJob = (): void => current?.refresh()

/**
 * Asks nothing about this job until the returned function is called: while it is being removed, the answer to a
 * question under way would be that there is no such job.
 */
export const suspendJob = (id: string): (() => void) => {
  const watch = current?.id === id ? current : null
  watch?.suspend()
  return () => {
    if (current === watch) watch?.resume()
  }
}

/** Keeps one job in step with what happens to it, until the returned function is called. */
export const watchJob = (id: string): (() => void) => {
  let cursor: string | null = null
  const load = async (signal: AbortSignal): Promise<void> => {
    try {
      const [newJob, newExplanation, log] = await Promise.all([
        getJob(id, signal),
        explainJob(id, signal),
        jobLogs(id, cursor, signal),
      ])
      if (signal.aborted) return
      job.value = newJob
      explanation.value = newExplanation
      cursor = log.cursor
      if (log.lines.length > 0) logLines.value = [...logLines.value, ...log.lines]
      jobProblem.value = null
    } catch (error) {
      if (!signal.aborted && !isAborted(error)) jobProblem.value = asProblem(error)
    }
  }
  const follow = (): { ask(): void; end(): void } => {
    const own = new AbortController()
    const refresher = createRefresher(() => load(own.signal), PAUSE_MS)
    refresher.ask()
    const stop = onLive((event) => {
      if (event.type === 'changed') refresher.ask()
      if (event.type === 'job' && event.job.id === id) refresher.ask()
      if ((event.type === 'log' || event.type === 'progress') && event.id === id) refresher.ask()
    })
    return {
      ask: refresher.ask,
      end() {
        stop()
        refresher.stop()
        own.abort()
      },
    }
  }
  let following: ReturnType<typeof follow> | null = follow()
  const suspend = (): void => {
    following?.end()
    following = null
  }
  current = {
    id,
    refresh: () => following?.ask(),
    suspend,
    resume: () => {
      following ??= follow()
    },
  }
  return () => {
    suspend()
    current = null
    job.value = null
    explanation.value = null
    logLines.value = []
    jobProblem.value = null
  }
}
