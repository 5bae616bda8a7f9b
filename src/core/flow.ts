import { deadlineOf, expiryOf } from './deadline.ts'
import { appendHistory } from './history.ts'
import type { Change, JobRecord, Parent } from './job.ts'
import { isFinished } from './states.ts'

/**
 * The rules of flows: what the ends of its parents mean for a job that waits for them. Pure: a store lists what is to
 * be decided (`news`), and compares and sets what is decided here.
 */

/** The reason of a job that is blocked because it waits for its parents. */
export const WAITS_FOR_PARENTS = 'waits for its parents'

/** A parent as it is now; null: it was removed, or never existed. */
export type ParentNow = Pick<JobRecord, 'id' | 'state'> | null

export type ParentEnd = 'unfinished' | 'completed' | 'dead' | 'cancelled' | 'missing'

export const endOf = (parent: ParentNow): ParentEnd =>
  parent === null ? 'missing' : isFinished(parent.state) ? parent.state : 'unfinished'

const isFailure = (end: ParentEnd): boolean => end === 'dead' || end === 'cancelled' || end === 'missing'

/** What holds a waiting job, or what becomes of it. */
export type FlowVerdict =
  | { readonly kind: 'waits'; readonly for: readonly Parent[] }
  | { readonly kind: 'runs' }
  /** A parent failed whose edge says `hold`: only its success, or someone, lets the job go on. */
  | { readonly kind: 'held'; readonly by: Parent; readonly end: ParentEnd }
  | { readonly kind: 'cancelled'; readonly by: Parent; readonly end: ParentEnd }

/**
 * Judges a job by its parents, in the order of its edges. A failed parent whose edge says `cancel` decides at once,
 * whatever the others are doing; one whose edge says `run` counts as done.
 */
export const judgeParents = (parents: readonly Parent[], now: readonly ParentNow[]): FlowVerdict => {
  const ends = parents.map((parent, i) => ({ parent, end: endOf(now[i] ?? null) }))
  const failed = (onFailure: Parent['onFailure']) =>
    ends.find(({ parent, end }) => isFailure(end) && parent.onFailure === onFailure)
  const fatal = failed('cancel')
  if (fatal !== undefined) return { kind: 'cancelled', by: fatal.parent, end: fatal.end }
  const open = ends.filter(({ end }) => end === 'unfinished').map(({ parent }) => parent)
  const holding = failed('hold')
  if (holding !== undefined) return { kind: 'held', by: holding.parent, end: holding.end }
  return open.length > 0 ? { kind: 'waits', for: open } : { kind: 'runs' }
}

/** Whether a job is at the mercy of its parents: it waits for them and was not begun, resolved or ended since. */
export const waitsForParents = (job: JobRecord): boolean =>
  job.state === 'blocked' && job.reason === WAITS_FOR_PARENTS && (job.ties?.parents.length ?? 0) > 0

/** @param at the store's time, for the history and for due times that lie ahead */
export const decideChild = (job: JobRecord, now: readonly ParentNow[], at: number): Change | null => {
  if (!waitsForParents(job)) return null
  const verdict = judgeParents(job.ties?.parents ?? [], now)
  if (verdict.kind === 'waits' || verdict.kind === 'held') return null
  const { id, fence, attempt, retries, crashes, solo, output, error, history } = job
  const base = { id, fence, from: 'blocked', attempt, retries, crashes, solo, output, error } as const
  if (verdict.kind === 'cancelled') {
    const reason = `parent ${verdict.by.id} is ${verdict.end}`
    const entry = { at, event: 'cancel', from: 'blocked', to: 'cancelled', by: 'flow', reason } as const
    return { ...base, to: 'cancelled', reason: 'parent_failed', history: appendHistory(history, entry) }
  }
  const waitMs = Math.max(0, job.runAt - at)
  const to = waitMs > 0 ? 'scheduled' : 'ready'
  const entry = { at, event: 'unblock', from: 'blocked', to, by: 'flow' } as const
  return { ...base, to, delayMs: waitMs, reason: null, history: appendHistory(history, entry) }
}

/**
 * An order in which every job comes behind its parents, or the names of a circle: a → b → a.
 * @param parentsOf the names that each job waits for; names that are no jobs of the flow are left alone
 */
export const orderFlow = (
  parentsOf: ReadonlyMap<string, readonly string[]>,
): { readonly order: string[] } | { readonly circle: string[] } => {
  const order: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  // By hand instead of by recursion: a flow may be a chain of a thousand jobs.
  for (const root of parentsOf.keys()) {
    const path: { readonly name: string; readonly rest: string[] }[] = []
    const enter = (name: string): void => {
      state.set(name, 'open')
      path.push({ name, rest: (parentsOf.get(name) ?? []).filter((one) => parentsOf.has(one)) })
    }
    if (!state.has(root)) enter(root)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.rest.shift()
      if (next === undefined) {
        state.set(top.name, 'done')
        order.push(top.name)
        path.pop()
      } else if (state.get(next) === 'open') {
        const names = path.map(({ name }) => name)
        // Read from the parent to the child, as jobs run.
        return { circle: [...names.slice(names.indexOf(next)), next].reverse() }
      } else if (!state.has(next)) enter(next)
    }
  }
  return { order }
}

/** The store's time by which a job has to start, or null. */
export const startBy = ({ createdAt, ties }: Pick<JobRecord, 'createdAt' | 'ties'>): number | null =>
  ties === null ? null : (ties.dueAt ?? (ties.dueMs === null ? null : createdAt + ties.dueMs))

/** A job that had to start by a time and did not is cancelled: it expired, or its deadline has passed. */
export const decideOverdue = (job: JobRecord, at: number): Change | null => {
  const { id, fence, state, attempt, retries, crashes, solo, output, error, history } = job
  if (state === 'running' || isFinished(state) || attempt > 0) return null
  const deadline = deadlineOf(job)
  const isExpired = deadline === null || (expiryOf(job) ?? Number.POSITIVE_INFINITY) <= at
  // Sent round again by an operator, it has its whole time anew.
  if (!isExpired && deadline > at) return null
  const reason = isExpired ? 'not started by the time it expires' : 'not started by its deadline'
  const entry = { at, event: 'cancel', from: state, to: 'cancelled', by: 'maintainer', reason } as const
  const base = { id, fence, from: state, attempt, retries, crashes, solo, output, error }
  return {
    ...base,
    to: 'cancelled',
    reason: isExpired ? 'expired' : 'deadline',
    history: appendHistory(history, entry),
  }
}
