import { priorityName } from '../../../src/core/priority.ts'
import type { WireJob } from '../api/types.ts'
import { prettyJson } from '../lib/json.ts'

/** The form as it is typed: everything is text. */
export interface AddForm {
  readonly task: string
  readonly payload: string
  readonly queue: string
  readonly priority: string
  readonly delay: string
  readonly key: string
  readonly maxRetries: string
  readonly tags: string
}

export const EMPTY_FORM: AddForm = {
  task: '',
  payload: '{}',
  queue: '',
  priority: '',
  delay: '',
  key: '',
  maxRetries: '',
  tags: '',
}

/** Filled in from a job. Its key stays behind: two unfinished jobs cannot have it. */
export const formLike = (job: WireJob): AddForm => ({
  ...EMPTY_FORM,
  task: job.task,
  payload: prettyJson(job.payload, { secrets: true }),
  queue: job.queue,
  priority: priorityName(job.priority),
  maxRetries: String(job.maxRetries),
  tags: job.tags.join(', '),
})

/** What is sent: only what was filled in. Whether it is right, the server says, field by field. */
export const bodyOf = (form: AddForm, payload: unknown): Readonly<Record<string, unknown>> => {
  const tags = form.tags.split(',').map((tag) => tag.trim())
  const retries = form.maxRetries.trim()
  const filled = {
    queue: form.queue.trim(),
    priority: form.priority,
    delay: form.delay.trim(),
    key: form.key.trim(),
    maxRetries: retries === '' ? '' : Number(retries),
    tags: tags.some((tag) => tag !== '') ? tags.filter((tag) => tag !== '') : '',
  }
  return {
    task: form.task.trim(),
    payload,
    ...Object.fromEntries(Object.entries(filled).filter(([, value]) => value !== '')),
  }
}
