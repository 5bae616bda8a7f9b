import type { JobError } from '../../core/job.ts'
import type { Job } from '../../core/view.ts'

/** A job as it leaves over HTTP: everything but the stacks of its errors, which tell how the server is built. */
export const jobView = (job: Job): object => ({
  ...job,
  lastError: job.lastError === null ? null : withoutStack(job.lastError),
  errors: job.errors.map(withoutStack),
  history: job.history.map((entry) =>
    entry.error === undefined ? entry : { ...entry, error: withoutStack(entry.error) },
  ),
})

const withoutStack = <E extends JobError>({ stack: _, ...rest }: E): Omit<E, 'stack'> => rest
