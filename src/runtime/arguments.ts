import { PosthasteError } from '../core/errors.ts'
import { isId } from '../core/ids.ts'
import { TASK_VERSION_MAX } from '../core/limits.ts'
import { shown } from '../core/text.ts'

/** The checks of arguments that several doors of the library share. All name the field that is wrong. */

/** @throws E_ARGUMENT saying what is wrong with `field` */
export const refuse = (field: string, why: string): never => {
  throw new PosthasteError('E_ARGUMENT', `${field} ${why}.`, { field })
}

/** A misspelt option must not be ignored in silence. */
export const refuseUnknown = (value: object, known: ReadonlySet<string>, of: string): void => {
  for (const name in value) {
    if (!known.has(name)) refuse(`${of}.${name}`, `is not known; there are ${[...known].join(', ')}`)
  }
}

export const checkWhole = (value: unknown, field: string, min: number, max: number): number =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
    ? value
    : refuse(field, `is ${shown(value)}, not a whole number from ${min} to ${max}`)

/** @throws E_ARGUMENT unless it may be the version of a task's payload */
export const checkVersion = (value: unknown, field: string): number =>
  checkWhole(value, field, 1, TASK_VERSION_MAX)

export const checkId = (value: unknown, field = 'id'): string =>
  isId(value) ? value : refuse(field, `is ${shown(value)}, not a job id (a UUIDv7 in lower case)`)

export const checkText = (value: unknown, field: string, lengthMax: number): string =>
  typeof value === 'string' && value.length <= lengthMax
    ? value
    : refuse(field, `is ${shown(value)}, not text of at most ${lengthMax} characters`)
