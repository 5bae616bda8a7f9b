import type { Change, JobRecord } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import type { ChangeVerdict } from '../engine.ts'
import type { Unit } from './unit.ts'

/** The job that a change is about, when it is as the change expects it. */
export const atRest = (
  unit: Unit,
  { id, fence, from }: Change,
): { readonly verdict: 'ok'; readonly job: JobRecord } | { readonly verdict: 'missing' | 'stale' } => {
  const job = unit.job(id)
  if (job === undefined) return { verdict: 'missing' }
  return job.state === from && job.fence === fence ? { verdict: 'ok', job } : { verdict: 'stale' }
}

export const changeOne = (unit: Unit, wanted: Change): ChangeVerdict => {
  const { id, fence, to, delayMs } = wanted
  const found = atRest(unit, wanted)
  if (found.verdict !== 'ok') return { status: found.verdict }
  const { job } = found
  if (to === 'removed') {
    unit.remove(job)
    return { status: 'ok' }
  }
  const takesKey = isFinished(job.state) && !isFinished(to) && job.ties?.keyUntil !== 'time'
  const holder = takesKey ? unit.holderOf(job.key) : undefined
  if (holder !== undefined && holder !== id) return { status: 'key_taken', holder }
  unit.write({
    ...job,
    state: to,
    fence: fence + 1,
    runAt: delayMs === undefined ? job.runAt : unit.now + delayMs,
    priority: wanted.priority ?? job.priority,
    finishedAt: isFinished(to) ? unit.now : null,
    attempt: wanted.attempt,
    retries: wanted.retries,
    crashes: wanted.crashes,
    solo: wanted.solo,
    reason: wanted.reason,
    output: wanted.output,
    error: wanted.error,
    history: wanted.history,
  })
  return { status: 'ok' }
}
