import type { Job } from '../../core/view.ts'

/** The fields of a job that a table shows: everything but what can be large, so that a page of rows stays small. */
export const jobRow = (job: Job): object => ({
  id: job.id,
  task: job.task,
  version: job.version,
  queue: job.queue,
  priority: job.priority,
  state: job.state,
  reason: job.reason,
  attempt: job.attempt,
  maxRetries: job.maxRetries,
  runAt: job.runAt,
  createdAt: job.createdAt,
  startedAt: job.startedAt,
  finishedAt: job.finishedAt,
  worker: job.worker,
  key: job.key,
  ref: job.ref,
  group: job.group,
  tags: job.tags,
  cancelRequested: job.cancelRequested,
  lastError: job.lastError === null ? null : { name: job.lastError.name, message: job.lastError.message },
})
