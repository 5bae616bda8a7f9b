import { PosthasteError } from '../core/errors.ts'
import { WAITS_FOR_PARENTS } from '../core/flow.ts'
import { appendHistory } from '../core/history.ts'
import type { Change, JobRecord, NewJob } from '../core/job.ts'
import { isFinished } from '../core/states.ts'
import { shown } from '../core/text.ts'
import type { Engine } from '../engines/engine.ts'
import type { OnConflict } from './options.ts'
import { behind } from './ties.ts'

/** What an add did about a key. */
export type AddOutcome =
  | { readonly kind: 'inserted' | 'replaced' | 'queued'; readonly job: NewJob; readonly other: string | null }
  | { readonly kind: 'kept' | 'rescheduled'; readonly holder: string }

/** A key that changes hands under us is looked at again this often before the caller is told E_CONFLICT. */
const ROUNDS_MAX = 8

const replaced = (old: JobRecord, next: NewJob, at: number): Change => {
  const { id, fence, state, attempt, retries, crashes, solo, output, error, history } = old
  const reason = `replaced by ${next.id}`
  const entry = { at, event: 'cancel', from: state, to: 'cancelled', by: 'key', reason } as const
  const base = { id, fence, from: state as Change['from'], attempt, retries, crashes, solo, output, error }
  return { ...base, to: 'cancelled', reason: 'replaced', history: appendHistory(history, entry) }
}

/** The holder, due when the new job would have been. */
const rescheduled = (old: JobRecord, next: NewJob, at: number): Change => {
  const { id, fence, state, attempt, retries, crashes, solo, output, error, history, reason } = old
  const delayMs = next.runAt === null ? next.delayMs : Math.max(0, next.runAt - at)
  const to = delayMs > 0 ? 'scheduled' : 'ready'
  const entry = { at, event: 'reschedule', from: state, to, by: 'key' } as const
  const base = { id, fence, from: state as Change['from'], attempt, retries, crashes, solo, output, error }
  return { ...base, to, delayMs, reason, history: appendHistory(history, entry) }
}

const kindOf = (onConflict: OnConflict, isOver: boolean) =>
  onConflict === 'runAfter' ? 'queued' : isOver ? 'inserted' : 'replaced'

/**
 * Carries out what an add wants when its key is taken: read, decide, compare and set. The holder may end, start or give
 * the key away in between; then it is judged anew.
 * @throws E_KEY_TAKEN with `reject`, E_CONFLICT when the key kept changing hands
 */
export const addOnConflict = async (
  engine: Engine,
  job: NewJob,
  first: string,
  onConflict: OnConflict,
): Promise<AddOutcome> => {
  let holder = first
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (onConflict === 'keep') return { kind: 'kept', holder }
    if (onConflict === 'reject') {
      const what = `Job ${holder} holds the key ${shown(job.key)}.`
      throw new PosthasteError('E_KEY_TAKEN', what, { field: 'key', data: { holder } })
    }
    const [[old], at] = await Promise.all([engine.get([holder]), engine.now()])
    const isOver = !old || isFinished(old.state)
    let next = job
    let changes: Change[] = []
    if (onConflict === 'runAfter') {
      next = { ...job, blocked: WAITS_FOR_PARENTS, ties: behind(job.ties, holder) }
    } else if (!isOver && onConflict === 'reschedule') {
      if (old.state !== 'scheduled' && old.state !== 'ready') return { kind: 'kept', holder }
      const { changed } = await engine.insert([], { changes: [rescheduled(old, job, at)] })
      if (changed[0] === 'ok') return { kind: 'rescheduled', holder }
      continue
    } else if (!isOver) {
      if (old.state === 'running') return { kind: 'kept', holder }
      changes = [replaced(old, job, at)]
    }
    const { verdicts } = await engine.insert([next], { changes })
    const [verdict] = verdicts
    if (verdict?.status === 'inserted') return { kind: kindOf(onConflict, isOver), job: next, other: holder }
    if (verdict?.status !== 'duplicate') continue
    // Held for a time by a job that is over: there is nothing to replace or to move.
    if (isOver && verdict.id === holder) return { kind: 'kept', holder }
    holder = verdict.id
  }
  throw new PosthasteError('E_CONFLICT', `The key ${shown(job.key)} kept changing hands.`, { field: 'key' })
}
