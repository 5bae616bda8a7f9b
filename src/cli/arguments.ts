import { clip } from '../core/text.ts'
import { usageError } from './exit.ts'

/** Option parsers. Each names the option in its error; what the library checks by itself is left to the library. */

/** A whole number within bounds, digits only. */
export const wholeNumber =
  (option: string, min: number, max: number) =>
  (value: string): number => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return number
    throw usageError(`${option} is "${clip(value, 40)}"; it is a whole number from ${min} to ${max}.`)
  }

/** The id of a job, given by position or as --job-id, but once. */
export const jobIdOf = (position: string | undefined, option: string | undefined): string => {
  const id = position ?? option
  if (id === undefined) throw usageError('Which job? Give its id: --job-id ID.')
  if (position !== undefined && option !== undefined && position !== option) {
    throw usageError('Two different job ids are given.')
  }
  // Ids are copied from mails and logs in any case.
  return id.trim().toLowerCase()
}
