import { checkName } from '../../../core/names.ts'
import type { ServerDeps } from '../deps.ts'

/**
 * What the old systems called a kind of job, where its task is called otherwise here. Only mail's name is known for
 * certain; those of images, data and API calls are guesses, which is why a task of the user's goes before them.
 */
const TASKS: ReadonlyMap<string, string> = new Map([
  ['send_email', 'email'],
  ...['image_resize', 'image_resizing', 'resize_image'].map((type) => [type, 'image'] as const),
  ...['data_processing', 'process_data'].map((type) => [type, 'data'] as const),
  ...['api_call', 'call_api'].map((type) => [type, 'http'] as const),
])

/**
 * The task of an old type of job. A type that is not in the table, or is the name of a task here, is the task's name.
 * @throws E_NAME naming the field when it can be none
 */
export const taskOfType = ({ posthaste }: ServerDeps, type: string, field: string): string =>
  (posthaste.tasks.has(type) ? undefined : TASKS.get(type)) ?? checkName(type, field)
