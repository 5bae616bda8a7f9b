/**
 * The life of a job, as data. Types, assertions, the documentation page, the SQL CHECK constraints and the
 * conformance matrix (every event × every state, on every engine) are all derived from the tables in this file.
 * To change a transition, change it here: everything else follows or turns red.
 */

export interface StateInfo {
  readonly means: string
  /** A live job still has something to do; a finished one stays only as history. */
  readonly live: boolean
  /** The words that the five older systems used for this state. */
  readonly heritage: {
    readonly emailTaskQueue: string
    readonly taskQueueProcessor: string
    readonly backgroundProcessing: string
    readonly asyncJobQueue: string
  }
}

const words = (
  emailTaskQueue: string,
  taskQueueProcessor: string,
  backgroundProcessing: string,
  asyncJobQueue: string,
): StateInfo['heritage'] => ({ emailTaskQueue, taskQueueProcessor, backgroundProcessing, asyncJobQueue })

export const STATES = {
  blocked: {
    means: 'waits for jobs it depends on, or for a person or an event to resolve it',
    live: true,
    heritage: words('waiting', 'pending', 'pending', 'Pending'),
  },
  scheduled: {
    means: 'due later',
    live: true,
    heritage: words('waiting', 'pending', 'pending', 'Pending'),
  },
  ready: {
    means: 'may be claimed now',
    live: true,
    heritage: words('waiting', 'pending', 'pending', 'Pending'),
  },
  running: {
    means: 'claimed by a worker that holds its lease',
    live: true,
    heritage: words('running', 'in-progress', 'processing', 'Running'),
  },
  retrying: {
    means: 'failed, and will run again at runAt',
    live: true,
    heritage: words('failed', 'pending', 'failed', 'Failed'),
  },
  completed: {
    means: 'done',
    live: false,
    heritage: words('completed', 'ok', 'success', 'Completed'),
  },
  cancelled: {
    means: 'stopped by someone, or discarded by its handler',
    live: false,
    heritage: words('failed', 'failed', 'permanently_failed', 'DeadLetter'),
  },
  dead: {
    means: 'gave up; kept until someone acts',
    live: false,
    heritage: words('failed', 'failed', 'permanently_failed', 'DeadLetter'),
  },
} as const satisfies Record<string, StateInfo>

export type JobState = keyof typeof STATES
export const JOB_STATES = Object.keys(STATES) as JobState[]

type StatesWhere<Live extends boolean> = {
  [S in JobState]: (typeof STATES)[S]['live'] extends Live ? S : never
}[JobState]
export type LiveState = StatesWhere<true>
export type FinishedState = StatesWhere<false>
export const LIVE_STATES = JOB_STATES.filter((state) => STATES[state].live) as LiveState[]
export const FINISHED_STATES = JOB_STATES.filter((state) => !STATES[state].live) as FinishedState[]

export interface EventInfo {
  /** Who makes it happen. */
  readonly by: 'client' | 'worker' | 'maintainer' | 'operator'
  readonly means: string
}

export const EVENTS = {
  add: { by: 'client', means: 'the job is stored' },
  promote: { by: 'maintainer', means: 'its time has come, or an operator runs it now' },
  unblock: { by: 'maintainer', means: 'what it depended on is done' },
  reschedule: {
    by: 'client',
    means:
      'a later add with its key moves the time at which it is due, it has waited so long that its priority rises, or an operator gives it another priority',
  },
  claim: { by: 'worker', means: 'a worker takes a lease on it' },
  complete: { by: 'worker', means: 'its handler returned' },
  fail: { by: 'worker', means: 'its handler threw or ran out of time' },
  discard: { by: 'worker', means: 'its handler said that running it again is useless' },
  snooze: { by: 'worker', means: 'its handler asked to run later; no attempt is charged' },
  release: { by: 'worker', means: 'the worker gives it back unfinished; no attempt is charged' },
  expire: { by: 'maintainer', means: 'its worker died or was cut off: the lease ran out' },
  hold: { by: 'worker', means: 'its handler leaves the decision to a person or an event' },
  resolve: { by: 'operator', means: 'the decision about a held job is made' },
  cancel: { by: 'operator', means: 'someone stops it' },
  retry: { by: 'operator', means: 'someone sends it round again with a new retry budget' },
  remove: { by: 'operator', means: 'someone deletes it' },
  undo: { by: 'operator', means: 'a cancellation in bulk is taken back' },
} as const satisfies Record<string, EventInfo>

export type JobEvent = keyof typeof EVENTS
export const JOB_EVENTS = Object.keys(EVENTS) as JobEvent[]

/** Where a transition starts (`none`: before the job exists) and where it may lead (`removed`: it is no more). */
export type From = JobState | 'none'
export type To = JobState | 'removed'

/** event → state before → states that may follow. What is not listed is illegal and changes nothing. */
export const TRANSITIONS: { readonly [E in JobEvent]: { readonly [F in From]?: readonly To[] } } = {
  add: { none: ['ready', 'scheduled', 'blocked'] },
  promote: { scheduled: ['ready'], retrying: ['ready'] },
  unblock: { blocked: ['ready', 'scheduled'] },
  reschedule: { scheduled: ['scheduled', 'ready'], ready: ['scheduled', 'ready'] },
  claim: { ready: ['running'] },
  complete: { running: ['completed'] },
  fail: { running: ['retrying', 'dead', 'cancelled'] },
  discard: { running: ['cancelled'] },
  snooze: { running: ['scheduled'] },
  release: { running: ['ready'] },
  expire: { running: ['ready', 'retrying', 'dead', 'cancelled'] },
  hold: { running: ['blocked'] },
  resolve: { blocked: ['ready', 'completed', 'dead', 'cancelled'] },
  cancel: {
    blocked: ['cancelled'],
    scheduled: ['cancelled'],
    ready: ['cancelled'],
    running: ['cancelled'],
    retrying: ['cancelled'],
  },
  retry: { dead: ['ready'], cancelled: ['ready'] },
  remove: {
    blocked: ['removed'],
    scheduled: ['removed'],
    ready: ['removed'],
    retrying: ['removed'],
    completed: ['removed'],
    cancelled: ['removed'],
    dead: ['removed'],
  },
  undo: { cancelled: ['blocked', 'scheduled', 'ready', 'retrying'] },
}

/** Whether `event` may take a job from `from` to `to`. */
export const isLegal = (event: JobEvent, from: From, to: To): boolean =>
  TRANSITIONS[event][from]?.includes(to) ?? false

/** Whether `event` means anything for a job in `state`. */
export const isPossible = (event: JobEvent, state: From): boolean => TRANSITIONS[event][state] !== undefined

export const isFinished = (state: JobState): state is FinishedState => !STATES[state].live

export const isJobState = (word: string): word is JobState => Object.hasOwn(STATES, word)
