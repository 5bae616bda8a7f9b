import { PosthasteError } from '../../../core/errors.ts'
import type { JobRecord } from '../../../core/job.ts'
import { encodeJson, JsonText } from '../../../core/json.ts'
import { PAYLOAD_BYTES_MAX } from '../../../core/limits.ts'
import { validate } from '../../../core/standard-schema.ts'
import type { AddedJob } from '../../../runtime/added.ts'
import type { AddOptions } from '../../../runtime/options.ts'
import type { Posthaste } from '../../../runtime/posthaste.ts'
import { createNumbers } from './numbers.ts'

export interface NumberedJobs {
  /**
   * Adds a job under the next number.
   * @param field what the payload is called in errors
   */
  add(
    task: string,
    payload: unknown,
    options: Omit<AddOptions, 'ref' | 'tx'>,
    field: string,
  ): Promise<{ readonly number: number; readonly job: AddedJob }>
  /** @param text the number as the path of a request names it. @throws E_ARGUMENT, E_JOB_MISSING */
  find(text: string): Promise<{ readonly number: number; readonly record: JobRecord }>
}

/**
 * Jobs that their clients know by a number. It is kept as the job's `ref`, such as `task:12`; the job's own id stays
 * what it is everywhere.
 * @param space tells the numbers of one old system from those of another
 */
export const numberedJobs = (posthaste: Posthaste, space: string): NumberedJobs => {
  const { engine, tasks } = posthaste
  const numbers = createNumbers(engine, space)

  /** Before a number is taken: a request that is refused leaves no gap. */
  const checkPayload = async (task: string, payload: unknown, field: string): Promise<void> => {
    const isText = payload instanceof JsonText
    if (!isText) encodeJson(payload, field, PAYLOAD_BYTES_MAX)
    const schema = tasks.get(task)?.payload
    if (schema !== undefined) await validate(schema, isText ? payload.value : payload, task, field)
  }

  return {
    async add(task, payload, options, field) {
      await checkPayload(task, payload, field)
      const number = await numbers.next()
      const job = await posthaste.add(task, payload, { ...options, ref: `${space}:${number}` })
      return { number, job }
    },

    async find(text) {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : 0
      if (number === 0) throw new PosthasteError('E_ARGUMENT', 'id is no number.', { field: 'id' })
      // Whoever adds a job with the same reference later does not take its place: the first one counts.
      const { jobs } = await engine.list({
        ref: `${space}:${number}`,
        sort: { field: 'id', descending: false },
        after: null,
        limit: 1,
      })
      const record = jobs[0]
      if (record !== undefined) return { number, record }
      throw new PosthasteError('E_JOB_MISSING', `There is no ${space} ${number}.`, { field: 'id' })
    },
  }
}
