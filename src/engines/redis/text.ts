import type { JobState } from '../../core/job.ts'

/**
 * How values are written for the scripts. Texts that may be null are empty then, and else begin with `=`; fields are
 * separated by NUL, which no text of the contract contains. See lua/include/jobs.lua.
 */

export const NUL = '\0'

export const orEmpty = (text: string | null): string => (text === null ? '' : `=${text}`)
export const orNull = (field: string): string | null => (field === '' ? null : field.slice(1))
export const numberOrNull = (field: string): number | null => (field === '' ? null : Number(field))

/** Letters of the states; `-` stands for a job that is removed. */
export const LETTERS: Readonly<Record<JobState | 'removed', string>> = {
  blocked: 'b',
  scheduled: 's',
  ready: 'r',
  running: 'u',
  retrying: 't',
  completed: 'c',
  cancelled: 'x',
  dead: 'd',
  removed: '-',
}
const STATES = new Map(Object.entries(LETTERS).map(([state, letter]) => [letter, state as JobState]))

export const stateOf = (letter: string): JobState => STATES.get(letter) ?? 'dead'

/** Flags of a job, added up behind the character 0. */
export const FLAGS = { solo: 1, started: 2, cancel: 4, progress: 8, checkpoint: 16, ownLease: 32 } as const
export const NO_FLAGS = 48
