import { PosthasteError } from '../core/errors.ts'
import { ENGINE_BATCH_MAX } from '../core/limits.ts'

/** What one field of an argument must be. */
export interface Field {
  readonly fits: (value: unknown) => boolean
  /** Completes "payload must be …". */
  readonly be: string
}

/** One rule for every field of a shape: a field that is added to the shape is missing here until it has one. */
export type Fields<T> = { readonly [K in keyof T]-?: Field }

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Not every store can keep a NUL in text, and half of a surrogate pair has no UTF-8 form. */
export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0')

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const text: Field = { fits: isText, be: 'text without NUL characters or halves of surrogate pairs' }
export const whole: Field = { fits: isWhole, be: 'a whole number, 0 or more' }
export const flag: Field = { fits: (value) => typeof value === 'boolean', be: 'true or false' }
export const array: Field = { fits: Array.isArray, be: 'an array' }
export const uuid: Field = {
  fits: (value) => typeof value === 'string' && UUID.test(value),
  be: 'a UUID in its lower-case text form',
}
export const upTo = (max: number): Field => ({
  fits: (value) => isWhole(value) && value <= max,
  be: `a whole number from 0 to ${max}`,
})
export const oneOf = (values: readonly string[]): Field => ({
  fits: (value) => values.includes(value as string),
  be: `one of ${values.join(', ')}`,
})
export const orNull = (field: Field): Field => ({
  fits: (value) => value === null || field.fits(value),
  be: `${field.be}, or null`,
})
export const optional = (field: Field): Field => ({
  fits: (value) => value === undefined || field.fits(value),
  be: `${field.be}, or left out`,
})

export const refuse = (name: string, be: string): never => {
  throw new PosthasteError('E_ARGUMENT', `${name} must be ${be}.`, { field: name })
}

export const checkField = (value: unknown, name: string, field: Field): void => {
  if (!field.fits(value)) refuse(name, field.be)
}

export const checkFields = <T extends object>(value: T, name: string, fields: Fields<T>): void => {
  for (const key in fields) {
    const field = fields[key]
    if (!field.fits(value[key])) refuse(`${name}.${key}`, field.be)
  }
}

const checkSize = (list: readonly unknown[], name: string, max = ENGINE_BATCH_MAX): void => {
  if (!Array.isArray(list)) refuse(name, array.be)
  if (list.length > max) {
    const what = `${name} has ${list.length} elements; ${max} is the most.`
    throw new PosthasteError('E_BATCH_TOO_LARGE', what, { field: name, data: { limit: max } })
  }
}

/** A list of objects: its size, and every field of every element. */
export const checkEach = <T extends object>(list: readonly T[], name: string, fields: Fields<T>): void => {
  checkSize(list, name)
  for (let i = 0; i < list.length; i++) {
    // Written out instead of calling checkFields: the name is put together only for an element that is refused.
    const value = list[i] as T
    for (const key in fields)
      if (!fields[key].fits(value[key])) refuse(`${name}[${i}].${key}`, fields[key].be)
  }
}

/** A list of words, or none at all. */
export const checkTexts = (list: readonly string[] | null | undefined, name: string): void => {
  if (list === null || list === undefined) return
  checkSize(list, name)
  for (let i = 0; i < list.length; i++) if (!isText(list[i])) refuse(`${name}[${i}]`, text.be)
}

/** How many are asked for at most. */
export const checkLimit = (limit: number, name = 'limit', max = ENGINE_BATCH_MAX): void => {
  if (!isWhole(limit)) refuse(name, whole.be)
  if (limit > max) {
    throw new PosthasteError('E_BATCH_TOO_LARGE', `${name} is ${limit}; ${max} is the most.`, {
      field: name,
      data: { limit: max },
    })
  }
}
