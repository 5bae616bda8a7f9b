import type { JobRecord } from './job.ts'
import { isPossible, JOB_STATES, type JobEvent, type JobState } from './states.ts'

/**
 * The rules of bulk runs: which jobs an action is meant for, what a canary says, when a run is over. Pure: the runtime
 * reads, asks these rules, and compares and sets.
 */

/** What can be done to many jobs at once; `undo` takes a run of cancel or remove back. */
export type BulkAction = 'retry' | 'cancel' | 'remove' | 'runNow' | 'setPriority'
export const BULK_ACTIONS: readonly BulkAction[] = ['retry', 'cancel', 'remove', 'runNow', 'setPriority']

const EVENT: { readonly [A in BulkAction]: JobEvent } = {
  retry: 'retry',
  cancel: 'cancel',
  remove: 'remove',
  runNow: 'promote',
  setPriority: 'reschedule',
}

/** Where an action without a state in its filter looks: what somebody stopped is not sent round, what waits not deleted. */
const MEANT: { readonly [A in BulkAction]: readonly JobState[] } = {
  retry: ['dead'],
  cancel: ['blocked', 'scheduled', 'ready', 'running', 'retrying'],
  remove: ['completed', 'cancelled', 'dead'],
  runNow: ['scheduled', 'retrying'],
  setPriority: ['scheduled', 'ready'],
}

/** The states that an action can change at all. */
export const possibleStates = (action: BulkAction): JobState[] =>
  JOB_STATES.filter((state) => isPossible(EVENT[action], state))

/** The states of the jobs that an action is about: those of the filter in which it is possible, or those it is meant for. */
export const statesFor = (action: BulkAction, given: readonly JobState[] | undefined): JobState[] =>
  given === undefined ? [...MEANT[action]] : possibleStates(action).filter((state) => given.includes(state))

/** Filters as they are kept with a run. Times in epoch ms. */
export interface BulkFilter {
  readonly states: readonly JobState[]
  readonly queues?: readonly string[]
  readonly tasks?: readonly string[]
  readonly group?: string
  readonly key?: string
  readonly ref?: string
  readonly parent?: string
  readonly batch?: string
  readonly tag?: string
  readonly worker?: string
  readonly search?: string
  readonly fingerprint?: string
  readonly createdAfter?: number
  /** A run never touches jobs that were added after it began. */
  readonly createdBefore?: number
}

export interface Canary {
  readonly jobs: number
  readonly failureShare: number
  readonly timeoutMs: number
  /** The jobs that were sent round, and since when all of them are awaited. */
  readonly sent: readonly string[]
  readonly since: number | null
  readonly ended: number
  readonly failed: number
  readonly verdict: 'waiting' | 'passed' | 'failed' | 'late'
}

export interface BulkDocument {
  readonly action: BulkAction | 'undo'
  /** What an `undo` takes back; null for all others. */
  readonly of: {
    readonly id: string
    readonly action: BulkAction
    readonly by: string
    readonly at: number
  } | null
  readonly filter: BulkFilter
  readonly by: string
  readonly reason: string | null
  /** What `setPriority` sets; absent for all others. */
  readonly priority?: number
  readonly createdAt: number
  readonly finishedAt: number | null
  /** `stopped`: by someone, or by its canary; `why` says so. */
  readonly state: 'running' | 'done' | 'stopped'
  readonly why: string | null
  readonly stopBy: string | null
  /** The last job that was looked at, or the last page that was undone. */
  readonly cursor: string | null
  /** Whether there is nothing left behind the cursor. */
  readonly isAtEnd: boolean
  /** The step that is being carried out: written before its jobs are touched, so that whoever takes over knows them. */
  readonly page: number
  readonly pending: readonly string[]
  /** How many fit when it was started; null: nobody counted them. */
  readonly total: number | null
  readonly looked: number
  readonly done: number
  readonly refused: number
  readonly refusals: readonly { readonly id: string; readonly code: string; readonly message: string }[]
  /** Jobs that an undo can put back. */
  readonly kept: number
  readonly canary: Canary | null
  /** Who carries it out, and until when nobody else does. */
  readonly owner: string | null
  readonly leaseUntil: number
}

/** What a job of a canary has come to: its first run after it was sent round decides. Null: it goes on. */
export const canaryEnd = (job: Pick<JobRecord, 'state'> | null): 'completed' | 'failed' | null => {
  // Removed, or pruned: it can speak for nobody.
  if (job === null) return 'failed'
  if (job.state === 'completed') return 'completed'
  if (job.state === 'dead' || job.state === 'cancelled') return 'failed'
  return job.state === 'retrying' ? 'failed' : null
}

/** Judges a canary: it fails as soon as too many of its jobs did, and passes when all of them have ended. */
export const judgeCanary = (
  canary: Canary,
  ends: readonly ('completed' | 'failed' | null)[],
  now: number,
): Canary => {
  const failed = ends.filter((end) => end === 'failed').length
  const ended = ends.filter((end) => end !== null).length
  const most = canary.failureShare * ends.length
  const isLate = canary.since !== null && now - canary.since >= canary.timeoutMs
  const verdict = failed > most ? 'failed' : ended === ends.length ? 'passed' : isLate ? 'late' : 'waiting'
  return { ...canary, ended, failed, verdict }
}

/** Why a canary stops its run, in words. */
export const canaryWhy = ({ verdict, failed, sent, ended }: Canary): string =>
  verdict === 'late'
    ? `the canary did not end in time: ${ended} of ${sent.length} jobs did`
    : `the canary failed: ${failed} of ${sent.length} jobs`
