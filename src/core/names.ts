import { PosthasteError } from './errors.ts'
import {
  KEY_LENGTH_MAX,
  NAME_LENGTH_MAX,
  REF_LENGTH_MAX,
  STEP_NAME_LENGTH_MAX,
  TAG_LENGTH_MAX,
  TAGS_MAX,
} from './limits.ts'
import { isWellFormed, shown } from './text.ts'

const NAME = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,${NAME_LENGTH_MAX - 1}}$`)
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f]/

/** Whether a task, queue or group may be called this. */
export const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value)

/** @throws E_NAME naming the field, unless the value is a name of a task, a queue or a group */
export const checkName = (value: unknown, field: string): string => {
  if (isName(value)) return value
  throw new PosthasteError('E_NAME', `${field} is ${shown(value)}, which is no name.`, { field })
}

/** @throws E_ARGUMENT unless the value may be a unique key: 1 to KEY_LENGTH_MAX characters, none of them a control character */
export const checkKey = (value: unknown, field: string): string => checkText(value, field, KEY_LENGTH_MAX)

/** @throws E_ARGUMENT unless the value may be a caller's reference: 1 to REF_LENGTH_MAX characters, no control characters */
export const checkRef = (value: unknown, field: string): string => checkText(value, field, REF_LENGTH_MAX)

/** @throws E_ARGUMENT unless the value may name a step: 1 to STEP_NAME_LENGTH_MAX characters, no control characters */
export const checkStepName = (value: unknown): string => checkText(value, 'step', STEP_NAME_LENGTH_MAX)

/** @throws E_ARGUMENT unless the value is an array of at most TAGS_MAX tags. Repeated tags are dropped. */
export const checkTags = (value: unknown, field: string): string[] => {
  if (!Array.isArray(value)) throw refused(field, `is ${shown(value)}, not an array of texts`)
  if (value.length > TAGS_MAX) throw refused(field, `has ${value.length} tags; ${TAGS_MAX} are the limit`)
  return [...new Set(value.map((tag, index) => checkText(tag, `${field}[${index}]`, TAG_LENGTH_MAX)))]
}

const checkText = (value: unknown, field: string, lengthMax: number): string => {
  if (typeof value !== 'string') throw refused(field, `is ${shown(value)}, not a text`)
  if (value === '') throw refused(field, 'is empty')
  if (value.length > lengthMax)
    throw refused(field, `has ${value.length} characters; ${lengthMax} are the limit`)
  if (CONTROL.test(value)) throw refused(field, 'contains a control character')
  if (!isWellFormed(value)) throw refused(field, 'is no valid Unicode')
  return value
}

const refused = (field: string, why: string): PosthasteError =>
  new PosthasteError('E_ARGUMENT', `${field} ${why}.`, { field })
