import type { JobRecord, Settlement } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import type { SettleVerdict } from '../engine.ts'
import { numbers, texts, words } from './arrays.ts'
import { isUuid } from './cursors.ts'
import { Documents, readForWriting } from './documents.ts'
import { flush } from './flush.ts'
import { idsToAdd, loadUnit } from './load.ts'
import type { Parts } from './parts.ts'
import type { Tx } from './session.ts'
import type { Unit } from './unit.ts'

/** A first success: nothing has to be written but one narrow row. */
const isPlain = (settlement: Settlement): boolean =>
  settlement.to === 'completed' &&
  settlement.retries === 0 &&
  settlement.crashes === 0 &&
  !settlement.solo &&
  !settlement.unlessCancelled &&
  settlement.reason === null &&
  settlement.error === null &&
  settlement.history === null &&
  settlement.delayMs === undefined &&
  settlement.progress === undefined &&
  settlement.checkpoint === undefined &&
  settlement.add === undefined &&
  settlement.records === undefined

/** Settlements by the way in which they are written, and for each of them which one that is. */
export interface Settlements {
  readonly plain: readonly Settlement[]
  readonly others: readonly Settlement[]
}

/** `hasNotes`: jobs that are known to have notes, which a plain completion would overlook. */
export const divide = (
  settlements: readonly Settlement[],
  hasNotes: (id: string) => boolean,
): Settlements => {
  const plain: Settlement[] = []
  const others: Settlement[] = []
  // The plain ones are written first. One that frees a key must not overtake one whose added job finds it taken.
  let mayOvertake = new Set(settlements.map(({ id }) => id)).size === settlements.length
  for (const settlement of settlements) {
    if (mayOvertake && isPlain(settlement) && isUuid(settlement.id) && !hasNotes(settlement.id))
      plain.push(settlement)
    else others.push(settlement)
    if (settlement.add !== undefined) mayOvertake = false
  }
  return { plain, others }
}

const inOrder = <T extends { readonly id: string }>(list: readonly T[]): T[] =>
  [...list].sort((a, b) => (a.id < b.id ? -1 : 1))

/** Sends the statement that completes plain successes. It ends the transaction when one of them is none. */
export const settlePlain = (tx: Tx, given: readonly Settlement[]): Promise<unknown>[] => {
  if (given.length === 0) return []
  // In the order in which everyone takes leases: none waits for one that waits for it.
  const plain = inOrder(given)
  const sent = tx.run(
    'settlePlain',
    words(plain.map(({ id }) => id)),
    numbers(plain.map(({ fence }) => fence)),
    numbers(plain.map(({ attempt }) => attempt)),
    numbers(plain.map(({ startedAt }) => startedAt)),
    texts(plain.map(({ output }) => output)),
    plain.length,
    ...tx.at,
  )
  return [sent]
}

const settleOne = (unit: Unit, documents: Documents, settlement: Settlement): SettleVerdict => {
  const { id, fence, to, delayMs, unlessCancelled, add = [], records = [] } = settlement
  const job = unit.underLease(id, fence)
  if (typeof job === 'string') {
    const settled = unit.job(id)
    return settled?.fence === fence && settled.state === to ? 'ok' : job
  }
  if (unlessCancelled && job.cancel !== null) return 'cancel_requested'
  if (!documents.areWritable(records)) return 'conflict'
  const after: JobRecord = {
    ...job,
    attempt: settlement.attempt,
    retries: settlement.retries,
    crashes: settlement.crashes,
    solo: settlement.solo,
    startedAt: settlement.startedAt,
    reason: settlement.reason,
    output: settlement.output,
    error: settlement.error,
    history: settlement.history,
    progress: settlement.progress === undefined ? job.progress : settlement.progress,
    checkpoint: settlement.checkpoint === undefined ? job.checkpoint : settlement.checkpoint,
    state: to,
    runAt: delayMs === undefined ? job.runAt : unit.now + delayMs,
    finishedAt: isFinished(to) ? unit.now : null,
    leaseUntil: null,
    started: false,
    cancel: null,
  }
  unit.write(after)
  documents.write(records)
  for (const child of add) unit.add(child)
  return 'ok'
}

export interface Settled {
  /** What was settled, and the verdict about each. */
  readonly of: readonly Settlement[]
  readonly verdicts: SettleVerdict[]
  readonly unit: Unit
  /** What was sent to write it. */
  readonly sent: Promise<unknown>[]
}

/** Any settlements, the plain way: read under lock, judged in order, written together. */
export const settle = async (tx: Tx, parts: Parts, settlements: readonly Settlement[]): Promise<Settled> => {
  const children = settlements.flatMap(({ add = [] }) => add)
  const ids = settlements.map(({ id }) => id).filter(isUuid)
  const locking = tx.run('runningLock', words([...new Set(ids)]))
  const reading = readForWriting(
    tx,
    parts.schemaLock,
    settlements.flatMap(({ records = [] }) => records),
  )
  const subject = {
    ids: [...ids, ...idsToAdd(children)],
    keys: children.flatMap(({ key }) => key ?? []),
  }
  const [, found, unit] = await Promise.all([locking, reading, loadUnit(tx, subject)])
  const documents = new Documents(unit.now, found)
  const verdicts = settlements.map((one) => settleOne(unit, documents, one))
  return { of: settlements, verdicts, unit, sent: [...flush(tx, unit, parts.kinds), ...documents.flush(tx)] }
}
