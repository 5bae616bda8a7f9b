import type { JobError } from '../core/job.ts'
import type { Job } from '../core/view.ts'
import type { LogLine } from '../engines/engine.ts'
import type { Logger } from './logger.ts'

/**
 * What happens in this process, told to whoever listens in this process. Events are told after the store wrote what
 * they report; another process's events are not heard here.
 */
export interface EventMap {
  /** A job was stored by this process. */
  readonly added: Job
  /** A handler began. */
  readonly started: Job
  readonly progress: ProgressEvent
  readonly log: LogEvent
  readonly completed: Job
  /** An attempt failed and the job will run again at its runAt. */
  readonly failed: Job
  readonly dead: Job
  /** Cancelled or discarded: see `reason`. */
  readonly cancelled: Job
  readonly snoozed: Job
  /** Given back unfinished, at shutdown for example. */
  readonly released: Job
  /** Waits for a decision. */
  readonly held: Job
  /** Its lease ran out and this process took it from the lost worker; what became of it is told as well. */
  readonly expired: Job
  /** A handler ended and the store knows. Told with little, so that counting every run costs next to nothing. */
  readonly ran: RunEvent
  /** A queue, a task, a group or a limit key was stopped by this process. */
  readonly paused: PauseEvent
  readonly resumed: PauseEvent
  /** A task failed so often in the same way that it was stopped: see the `breaker` of a task. */
  readonly tripped: TripEvent
  /** Something went wrong beside a job: the store did not answer, a listener threw. The runtime goes on. */
  readonly error: Error
}
export type EventName = keyof EventMap
export type Listener<Name extends EventName> = (event: EventMap[Name]) => void

export interface ProgressEvent {
  readonly id: string
  readonly task: string
  readonly progress: unknown
}
export interface LogEvent extends LogLine {
  readonly id: string
  readonly task: string
}
export interface RunEvent {
  readonly task: string
  readonly queue: string
  readonly outcome: 'completed' | 'failed' | 'dead' | 'cancelled' | 'snoozed' | 'released' | 'held'
  /** How long the handler ran. */
  readonly ms: number
}
/** What was stopped, or goes on: a queue unless `group` or `groups` say which part of it. */
export interface PauseEvent {
  readonly queue?: string
  readonly group?: string
  readonly groups?: true
  readonly task?: string
  readonly key?: string
  readonly by: string
}
export interface TripEvent {
  readonly task: string
  /** Of the errors that were counted. */
  readonly fingerprint: string
  /** The newest of them. */
  readonly error: JobError
  readonly failures: number
  /** In ms. */
  readonly within: number
}

export interface Events {
  /** Calls `listener` at every such event until the returned function is called. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void
  /** Whether anyone listens. */
  has(name: EventName): boolean
  /** Tells all listeners. Never throws: what a listener throws is told as an `error` event and logged. */
  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void
}

type AnyListener = (event: never) => void

export const createEvents = (logger: Logger): Events => {
  const listeners = new Map<EventName, Set<AnyListener>>()

  const emit = <Name extends EventName>(name: Name, event: EventMap[Name]): void => {
    const set = listeners.get(name)
    if (set === undefined) return
    // A copy: a listener may add or remove listeners while it is told.
    for (const listener of [...set]) {
      try {
        const answer: unknown = (listener as Listener<Name>)(event)
        if (answer instanceof Promise) answer.catch((error: unknown) => failed(name, error))
      } catch (error) {
        failed(name, error)
      }
    }
  }

  const failed = (name: EventName, thrown: unknown): void => {
    logger.error({ err: thrown, event: name }, 'an event listener failed')
    // An error listener that fails is only logged: told to itself, it would fail for ever.
    if (name !== 'error') emit('error', thrown instanceof Error ? thrown : new Error(String(thrown)))
  }

  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      set.add(listener as AnyListener)
      return () => {
        set.delete(listener as AnyListener)
      }
    },
    has: (name) => (listeners.get(name)?.size ?? 0) > 0,
    emit,
  }
}
