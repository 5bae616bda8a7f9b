import type { Change, NewJob, RecordWrite } from '../../core/job.ts'
import type { InsertAnswer } from '../engine.ts'
import { numbers, texts, words } from './arrays.ts'
import { isUuid } from './cursors.ts'
import { Documents, readForWriting } from './documents.ts'
import { toNumber } from './driver.ts'
import { flush, flushed } from './flush.ts'
import { atRest, changeOne } from './judge.ts'
import { idsToAdd, loadUnit } from './load.ts'
import type { Parts } from './parts.ts'
import { raiseClock, type Tx } from './session.ts'

export interface InsertRequest {
  readonly jobs: readonly NewJob[]
  readonly records: readonly RecordWrite[]
  readonly changes: readonly Change[]
}

/** Jobs that are stored without a look at what is there: no keys or ties, nothing that blocks them, queues that are known. */
const arePlain = (requests: readonly InsertRequest[], { kinds }: Pick<Parts, 'kinds'>): boolean =>
  requests.every(
    ({ jobs, records, changes }) =>
      records.length + changes.length === 0 &&
      jobs.every(
        ({ key, blocked, ties, queue }) =>
          key === null && blocked === null && ties === null && kinds.isQueueKnown(queue),
      ),
  )

/** The first job of each id. */
export const distinct = (jobs: readonly NewJob[]): readonly NewJob[] => {
  const byId = new Map<string, NewJob>()
  for (const job of jobs) if (!byId.has(job.id)) byId.set(job.id, job)
  return byId.size === jobs.length ? jobs : [...byId.values()]
}

/** Whether calls may be under way beside others like them, and still be carried out in order: nothing is looked up. */
export const mayOverlap = (requests: readonly InsertRequest[], parts: Pick<Parts, 'kinds'>): boolean =>
  arePlain(requests, parts) && requests.every(({ jobs }) => jobs.every((job) => parts.kinds.isPrepared(job)))

const NEWS = ['ready', 'changed'] as const

/** One statement for any number of calls. Answers the store's time. */
const insertPlain = async (parts: Parts, given: readonly NewJob[], deadline: number): Promise<number> => {
  const { sessions, kinds, clock, hints } = parts
  const jobs = distinct(given)
  const values = (at: Tx['at']) => [
    words(jobs.map(({ id }) => id)),
    numbers(jobs.map(({ queue, task }) => kinds.numberOf(queue, task))),
    numbers(jobs.map(({ priority }) => priority)),
    texts(jobs.map(({ payload }) => payload)),
    numbers(jobs.map(({ runAt }) => runAt)),
    numbers(jobs.map(({ delayMs }) => delayMs)),
    numbers(jobs.map(({ maxRetries }) => maxRetries)),
    numbers(jobs.map(({ leaseMs }) => leaseMs)),
    texts(jobs.map(({ group }) => group)),
    texts(jobs.map(({ options }) => options)),
    texts(jobs.map(({ ref }) => ref)),
    texts(jobs.map(({ tags }) => tags)),
    ...at,
  ]
  const doing = 'adding jobs'
  const notice = clock.isGiven || !sessions.mayShare || jobs.length === 0 ? null : hints.toSendBehind(NEWS)
  const rows = clock.isGiven
    ? await sessions.transaction({ doing, deadline }, async (tx) => {
        const inserting = tx.run('insert', ...values(tx.at))
        await Promise.all([inserting, tx.run('clockRaise', ...tx.at), tx.commit()])
        return inserting
      })
    : await sessions.single(doing, 'insert', values, { deadline, isShared: true, notice })
  if (jobs.length > 0) hints.tell(NEWS, notice !== null)
  return clock.saw(toNumber(rows[0]?.[0]))
}

/** Judges calls in order, each one seeing what those before it did. */
const insertCareful = async (
  tx: Tx,
  { kinds, schemaLock }: Parts,
  requests: readonly InsertRequest[],
): Promise<{ answers: InsertAnswer[]; done: () => ReadonlySet<'ready' | 'changed'> }> => {
  const jobs = requests.flatMap((request) => request.jobs)
  const records = requests.flatMap((request) => request.records)
  const reading = readForWriting(tx, schemaLock, records)
  const ids = [
    ...idsToAdd(jobs),
    ...requests.flatMap(({ changes }) => changes.map(({ id }) => id)).filter(isUuid),
  ]
  const loading = loadUnit(tx, { ids, keys: jobs.flatMap(({ key }) => key ?? []) })
  const [found, unit] = await Promise.all([reading, loading])
  const { now } = unit
  const documents = new Documents(now, found)
  const answers = requests.map((request): InsertAnswer => {
    const recordsOk = documents.areWritable(request.records)
    const changed = request.changes.map((one) => atRest(unit, one).verdict)
    if (!recordsOk || changed.some((verdict) => verdict !== 'ok')) {
      return { now, verdicts: request.jobs.map(({ id }) => ({ status: 'refused', id })), recordsOk, changed }
    }
    documents.write(request.records)
    for (const one of request.changes) changeOne(unit, one)
    return { now, verdicts: request.jobs.map((job) => unit.add(job)), recordsOk, changed }
  })
  const sent = [...flush(tx, unit, kinds), ...documents.flush(tx), ...raiseClock(tx)]
  await Promise.all([...sent, tx.commit()])
  const done = () => {
    flushed(unit, kinds)
    return unit.hints
  }
  return { answers, done }
}

/** Calls that came together, in one step. */
export const insert = async (
  parts: Parts,
  requests: readonly InsertRequest[],
  deadline: number,
): Promise<InsertAnswer[]> => {
  const { sessions, kinds, hints, clock } = parts
  await kinds.prepare(requests.flatMap(({ jobs }) => jobs))
  if (arePlain(requests, parts)) {
    const jobs = requests.flatMap((request) => request.jobs)
    const now = await insertPlain(parts, jobs, deadline)
    return requests.map((request) => ({
      now,
      verdicts: request.jobs.map(({ id }) => ({ status: 'inserted', id })),
      recordsOk: true,
      changed: [],
    }))
  }
  const { answers, done } = await sessions.transaction({ doing: 'adding jobs', deadline }, (tx) =>
    insertCareful(tx, parts, requests),
  )
  hints.tell([...done()])
  for (const { now } of answers) clock.saw(now)
  return answers
}
