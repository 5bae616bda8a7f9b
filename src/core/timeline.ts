import type { HistoryEntry, JobRecord } from './job.ts'

/** One step of a job's life as it is shown. */
export interface JobTransition extends Omit<HistoryEntry, 'at' | 'startedAt'> {
  readonly at: Date
}

/**
 * The life of a job, oldest step first. Only what is more than a plain first success is stored, because history must
 * cost nothing on the way of most jobs; the job's columns, and the start kept with each stored entry, tell the plain
 * steps between. A promotion is not among them: nobody writes down when it happened.
 */
export const timelineOf = (record: JobRecord, stored: readonly HistoryEntry[]): JobTransition[] => {
  const steps: JobTransition[] = [added(record, stored[0])]
  for (const { at, startedAt, ...entry } of stored) {
    if (startedAt !== undefined) {
      // The end of a run is usually written by the worker that ran it; a cancel or an expiry by someone else.
      const isByWorker = entry.event !== 'cancel' && entry.event !== 'expire'
      steps.push(claimed(startedAt, isByWorker ? entry.by : undefined, entry.attempt))
    }
    steps.push({ ...entry, at: new Date(at) })
  }

  const worker = record.worker ?? undefined
  const isCompletedByRun = record.state === 'completed' && stored.at(-1)?.to !== 'completed'
  if (record.startedAt !== null && (isCompletedByRun || (record.state === 'running' && record.started))) {
    steps.push(claimed(record.startedAt, worker, record.attempt))
  }
  if (isCompletedByRun) {
    steps.push({
      at: new Date(record.finishedAt ?? record.createdAt),
      event: 'complete',
      from: 'running',
      to: 'completed',
      ...(worker === undefined ? {} : { by: worker }),
      attempt: record.attempt,
    })
  }
  return steps
}

/** The state in which it was added shows as long as nothing moved its runAt, and in the first step away from it. */
const added = (record: JobRecord, first: HistoryEntry | undefined): JobTransition => {
  const waits = first === undefined ? record.runAt > record.createdAt : first.from === 'scheduled'
  const isBlocked = first === undefined ? record.state === 'blocked' : first.from === 'blocked'
  return {
    at: new Date(record.createdAt),
    event: 'add',
    from: 'none',
    to: isBlocked ? 'blocked' : waits ? 'scheduled' : 'ready',
  }
}

const claimed = (at: number, by: string | undefined, attempt: number | undefined): JobTransition => ({
  at: new Date(at),
  event: 'claim',
  from: 'ready',
  to: 'running',
  ...(by === undefined ? {} : { by }),
  ...(attempt === undefined ? {} : { attempt }),
})
