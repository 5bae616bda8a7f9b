import { signal } from '@preact/signals'
import { isPossible, type JobEvent } from '../../../src/core/states.ts'
import { cancelJob, removeJob, retryJob, runJobNow, setPaused } from '../api/calls.ts'
import { asProblem } from '../api/client.ts'
import type { JobRow } from '../api/types.ts'
import { refreshJob, suspendJob } from './job.ts'
import { JOBS_PATH, page } from './jobs.ts'
import { navigate, place } from './router.ts'
import { refreshStats } from './stats.ts'
import { tellDone, tellProblem } from './toasts.ts'

export type Action = 'retry' | 'run-now' | 'cancel' | 'remove'
export type ActionTarget = Pick<JobRow, 'id' | 'task' | 'state'>

interface ActionInfo {
  readonly label: string
  readonly done: string
  /** The event of the life of a job that it brings about: the table of the states says when it may. */
  readonly event: JobEvent
}
export const ACTIONS: Readonly<Record<Action, ActionInfo>> = {
  retry: { label: 'Retry', done: 'Sent round again', event: 'retry' },
  'run-now': { label: 'Run now', done: 'Ready to run', event: 'promote' },
  cancel: { label: 'Cancel', done: 'Cancelled', event: 'cancel' },
  remove: { label: 'Remove', done: 'Removed', event: 'remove' },
}

export const isAllowed = (action: Action, { state }: ActionTarget): boolean =>
  isPossible(ACTIONS[action].event, state)

/** What waits for a yes, or null. */
export const confirming = signal<{ readonly action: 'cancel' | 'remove'; readonly job: ActionTarget } | null>(
  null,
)
/** Jobs that an action is under way for. */
export const busy = signal<ReadonlySet<string>>(new Set())

/** Acts, or asks first when it cannot be undone. */
export const act = (action: Action, job: ActionTarget): void => {
  if (!isAllowed(action, job)) {
    const message = `A ${job.state} job cannot be ${PAST[action]}.`
    tellProblem({ message, remedy: 'Its state does not allow it.' })
    return
  }
  if (action === 'cancel' || action === 'remove') confirming.value = { action, job }
  else void carryOut(action, job)
}

const PAST: Readonly<Record<Action, string>> = {
  retry: 'retried',
  'run-now': 'started early',
  cancel: 'cancelled',
  remove: 'removed',
}

export const carryOut = async (action: Action, target: ActionTarget, reason = ''): Promise<void> => {
  if (busy.value.has(target.id)) return
  busy.value = new Set([...busy.value, target.id])
  const href = `${JOBS_PATH}/${target.id}`
  const resume = action === 'remove' ? suspendJob(target.id) : null
  try {
    const answer = await CALLS[action](target.id, reason)
    const isAsked = action === 'cancel' && answer.state === 'running'
    tellDone(`${isAsked ? 'Asked to stop' : ACTIONS[action].done}: ${target.task}`, href)
    if (action === 'remove') forget(target.id, href)
    else show(answer)
  } catch (error) {
    tellProblem(asProblem(error))
    resume?.()
  }
  busy.value = new Set([...busy.value].filter((id) => id !== target.id))
  refreshJob()
  refreshStats()
}

const CALLS: Readonly<Record<Action, (id: string, reason: string) => Promise<JobRow>>> = {
  retry: retryJob,
  'run-now': runJobNow,
  cancel: cancelJob,
  remove: removeJob,
}

/** The answer is newer than any page that is shown. */
const show = (job: JobRow): void => {
  const known = page.value
  if (known === null) return
  page.value = { ...known, jobs: known.jobs.map((row) => (row.id === job.id ? job : row)) }
}

const forget = (id: string, href: string): void => {
  const known = page.value
  if (known !== null) page.value = { ...known, jobs: known.jobs.filter((row) => row.id !== id) }
  if (place.value.path === href) navigate(JOBS_PATH)
}

export const pauseQueue = async (queue: string, paused: boolean): Promise<void> => {
  try {
    await setPaused(queue, paused)
    tellDone(paused ? `Paused queue ${queue}: nothing of it is started` : `Resumed queue ${queue}`)
  } catch (error) {
    tellProblem(asProblem(error))
  }
  refreshStats()
}
