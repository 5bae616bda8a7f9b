import { checkName } from '../../../core/names.ts'

/** What the old systems called a kind of job, where its task is called otherwise here. */
const TASKS: ReadonlyMap<string, string> = new Map([['send_email', 'email']])

/**
 * The task of an old type of job. A type that is not in the table is the name of its task.
 * @throws E_NAME naming the field when it can be none
 */
export const taskOfType = (type: string, field: string): string => TASKS.get(type) ?? checkName(type, field)
