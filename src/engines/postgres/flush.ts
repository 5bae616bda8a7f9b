import type { JobRecord } from '../../core/job.ts'
import { isFinished, type JobState } from '../../core/states.ts'
import { flags, numbers, texts, words } from './arrays.ts'
import { isLined, type Kinds } from './kinds.ts'
import type { StoredJob } from './records.ts'
import type { Tx } from './session.ts'
import { type Changed, PLACES, type Unit } from './unit.ts'

/** Whether a job has something for which the row of its state has no column. */
const hasNotes = (job: JobRecord, firstRunAt: number): boolean => {
  const { retries, crashes, reason, error, history, progress, checkpoint, state, runAt } = job
  if (retries !== 0 || crashes !== 0 || runAt !== firstRunAt) return true
  if ((reason ?? error ?? history ?? progress ?? checkpoint) !== null) return true
  // A job that is going to run again remembers who had it last; a finished one has that in its row.
  return !isFinished(state) && (job.worker ?? job.startedAt ?? job.output) !== null
}

/** A job in a place, with what only the store knows of it. */
interface Placed {
  readonly job: JobRecord
  readonly kind: number
  /** In which it waits when it is ready. */
  readonly line: number | null
  readonly firstRunAt: number
  readonly hasNotes: boolean
  /** Its end concerns others: it is not to be settled without a look. */
  readonly isBound: boolean
}

const pick = <T, U>(list: readonly T[], choose: (one: T) => U): U[] => list.map(choose)

/** Takes jobs from the places of their old states. Each statement fails when it does not find all that were read. */
const leave = (tx: Tx, jobs: readonly StoredJob[]): Promise<unknown>[] => {
  const inState = (fits: (state: JobState) => boolean) => jobs.filter(({ job }) => fits(job.state))
  const ready = inState((state) => state === 'ready')
  const running = inState((state) => state === 'running')
  const finished = inState(isFinished)
  const waiting = jobs.filter(
    (one) => !ready.includes(one) && !running.includes(one) && !finished.includes(one),
  )
  const sent: Promise<unknown>[] = []
  if (ready.length > 0) {
    sent.push(
      tx.run(
        'readyDelete',
        numbers(pick(ready, ({ kind, readyAs }) => readyAs ?? kind)),
        numbers(pick(ready, ({ job }) => job.priority)),
        numbers(pick(ready, ({ job }) => job.runAt)),
        words(pick(ready, ({ job }) => job.id)),
        numbers(pick(ready, ({ job }) => job.fence)),
        texts(pick(ready, ({ place }) => place)),
        ready.length,
      ),
    )
  }
  if (running.length > 0) {
    const ids = words(pick(running, ({ job }) => job.id))
    sent.push(tx.run('runningDelete', ids, numbers(pick(running, ({ job }) => job.fence)), running.length))
  }
  if (finished.length > 0) {
    sent.push(
      tx.run(
        'finishedDelete',
        numbers(pick(finished, ({ kind }) => kind)),
        words(pick(finished, ({ job }) => job.state)),
        words(pick(finished, ({ job }) => job.id)),
        numbers(pick(finished, ({ job }) => job.fence)),
        finished.length,
      ),
    )
  }
  if (waiting.length > 0) {
    sent.push(
      tx.run(
        'waitingDelete',
        words(pick(waiting, ({ job }) => job.id)),
        numbers(pick(waiting, ({ job }) => job.fence)),
        words(pick(waiting, ({ job }) => job.state)),
        texts(pick(waiting, ({ place }) => place)),
        waiting.length,
      ),
    )
  }
  return sent
}

/** Puts jobs into the places of their new states, none of which is running: only a claim takes leases. */
const enter = (tx: Tx, jobs: readonly Placed[]): Promise<unknown>[] => {
  const ready = jobs.filter(({ job }) => job.state === 'ready')
  const finished = jobs.filter(({ job }) => isFinished(job.state))
  const waiting = jobs.filter(({ job }) => job.state !== 'ready' && !isFinished(job.state))
  const sent: Promise<unknown>[] = []
  const claimable = (list: readonly Placed[], number: (one: Placed) => number) => [
    numbers(pick(list, ({ job }) => job.runAt)),
    numbers(pick(list, ({ job }) => job.attempt)),
    numbers(pick(list, ({ job }) => job.leaseMs)),
    words(pick(list, ({ job }) => job.id)),
    numbers(pick(list, number)),
    numbers(pick(list, ({ job }) => job.fence)),
    numbers(pick(list, ({ job }) => job.priority)),
    flags(pick(list, ({ job }) => job.solo)),
    flags(pick(list, (one) => one.hasNotes || one.isBound)),
    flags(pick(list, ({ job }) => job.key !== null)),
  ]
  if (ready.length > 0) {
    sent.push(tx.run('readyInsert', ...claimable(ready, ({ kind, line }) => line ?? kind)))
  }
  if (waiting.length > 0) {
    sent.push(
      tx.run(
        'waitingInsert',
        ...claimable(waiting, ({ kind }) => kind),
        words(pick(waiting, ({ job }) => job.state)),
        numbers(pick(waiting, ({ line }) => line)),
      ),
    )
  }
  if (finished.length > 0) {
    sent.push(
      tx.run(
        'finishedInsert',
        numbers(pick(finished, ({ job }) => job.finishedAt)),
        numbers(pick(finished, ({ job }) => job.startedAt)),
        numbers(pick(finished, ({ job }) => job.attempt)),
        words(pick(finished, ({ job }) => job.id)),
        numbers(pick(finished, ({ kind }) => kind)),
        numbers(pick(finished, ({ job }) => job.fence)),
        flags(pick(finished, ({ job }) => job.solo)),
        flags(pick(finished, (one) => one.hasNotes)),
        words(pick(finished, ({ job }) => job.state)),
        texts(pick(finished, ({ job }) => job.worker)),
        texts(pick(finished, ({ job }) => job.output)),
      ),
    )
  }
  return sent
}

const writeNotes = (tx: Tx, jobs: readonly Placed[]): Promise<unknown> =>
  tx.run(
    'notesWrite',
    words(pick(jobs, ({ job }) => job.id)),
    numbers(pick(jobs, ({ job }) => job.retries)),
    numbers(pick(jobs, ({ job }) => job.crashes)),
    numbers(pick(jobs, ({ job, firstRunAt }) => (job.runAt === firstRunAt ? null : job.runAt))),
    numbers(pick(jobs, ({ job }) => (isFinished(job.state) ? null : job.startedAt))),
    texts(pick(jobs, ({ job }) => job.reason)),
    texts(pick(jobs, ({ job }) => (isFinished(job.state) ? null : job.worker))),
    texts(pick(jobs, ({ job }) => (isFinished(job.state) ? null : job.output))),
    texts(pick(jobs, ({ job }) => job.error)),
    texts(pick(jobs, ({ job }) => job.history)),
    texts(pick(jobs, ({ job }) => job.progress)),
    texts(pick(jobs, ({ job }) => job.checkpoint)),
  )

const insertJobs = (tx: Tx, jobs: readonly Placed[]): Promise<unknown> =>
  tx.run(
    'jobsInsert',
    words(pick(jobs, ({ job }) => job.id)),
    numbers(pick(jobs, ({ job }) => job.createdAt)),
    numbers(pick(jobs, ({ job }) => (job.runAt === job.createdAt ? null : job.runAt))),
    numbers(pick(jobs, ({ job }) => job.leaseMs)),
    numbers(pick(jobs, ({ job }) => job.maxRetries)),
    numbers(pick(jobs, ({ kind }) => kind)),
    numbers(pick(jobs, ({ job }) => job.priority)),
    texts(pick(jobs, ({ job }) => job.payload)),
    texts(pick(jobs, ({ job }) => job.group)),
    texts(pick(jobs, ({ job }) => job.options)),
    texts(pick(jobs, ({ job }) => job.key)),
    texts(pick(jobs, ({ job }) => job.ref)),
    texts(pick(jobs, ({ job }) => job.tags)),
    texts(pick(jobs, ({ job }) => (job.ties === null ? null : JSON.stringify(job.ties)))),
  )

const placed = ({ before, after }: Changed, kinds: Kinds, unit: Unit): Placed[] => {
  if (after === null) return []
  const kind = before?.kind ?? kinds.numberOf(after.queue, after.task)
  const line = before === null ? kinds.lineOf(after) : before.line
  const firstRunAt = before?.firstRunAt ?? after.runAt
  return [
    {
      ...{ job: after, kind, line, firstRunAt },
      ...{ hasNotes: hasNotes(after, firstRunAt), isBound: unit.isBound(after) },
    },
  ]
}

/** Notes from which states to which others jobs went: one row for all that went the same way. */
const noteMoves = (tx: Tx, changes: readonly Changed[], kinds: Kinds): Promise<unknown> => {
  const moves = new Map<string, { kind: number; from: string | null; to: string | null; number: number }>()
  for (const { before, after } of changes) {
    const from = before?.job.state ?? null
    const to = after?.state ?? null
    const kind = before?.kind ?? kinds.numberOf(after?.queue ?? '', after?.task ?? '')
    const way = `${kind} ${from} ${to}`
    const move = moves.get(way)
    if (move === undefined) moves.set(way, { kind, from, to, number: 1 })
    else move.number++
  }
  const list = [...moves.values()]
  return tx.run(
    'movesInsert',
    numbers(pick(list, ({ kind }) => kind)),
    texts(pick(list, ({ from }) => from)),
    texts(pick(list, ({ to }) => to)),
    numbers(pick(list, ({ number }) => number)),
  )
}

/** Holds on keys that have expired: each call that takes such a key removes more than it can make. */
const EXPIRED_PER_CALL = 2_000

/** Notes of jobs that stay where they are that others depend on them. */
const bindStored = (tx: Tx, jobs: readonly StoredJob[]): Promise<unknown>[] => {
  const ready = jobs.filter(({ job }) => job.state === 'ready')
  const running = jobs.filter(({ job }) => job.state === 'running')
  const waiting = jobs.filter(({ job }) => job.state !== 'ready' && job.state !== 'running')
  const ids = (list: readonly StoredJob[]) => words(pick(list, ({ job }) => job.id))
  const fences = (list: readonly StoredJob[]) => numbers(pick(list, ({ job }) => job.fence))
  const sent: Promise<unknown>[] = []
  if (running.length > 0) sent.push(tx.run('bindRunning', ids(running), fences(running), running.length))
  if (waiting.length > 0) sent.push(tx.run('bindWaiting', ids(waiting), fences(waiting), waiting.length))
  if (ready.length > 0) {
    const kinds = numbers(pick(ready, ({ kind, readyAs }) => readyAs ?? kind))
    const priorities = numbers(pick(ready, ({ job }) => job.priority))
    const runAts = numbers(pick(ready, ({ job }) => job.runAt))
    sent.push(tx.run('bindReady', kinds, priorities, runAts, ids(ready), fences(ready), ready.length))
  }
  return sent
}

const writeTies = (tx: Tx, { ties }: Unit): Promise<unknown>[] => {
  const { added, news, batches, startBy } = ties
  const sent: Promise<unknown>[] = []
  if (added.length > 0) {
    sent.push(tx.run('tiesAdd', texts(pick(added, ([target]) => target)), words(pick(added, ([, id]) => id))))
  }
  const times = [...startBy]
  for (const isSet of [true, false]) {
    const some = times.filter(([, one]) => one.isSet === isSet)
    if (some.length === 0) continue
    const at = numbers(pick(some, ([, one]) => one.at))
    sent.push(tx.run(isSet ? 'startByAdd' : 'startByRemove', at, words(pick(some, ([id]) => id))))
  }
  if (batches.size > 0) {
    const rows = [...batches]
    const columns = PLACES.map((place) => numbers(pick(rows, ([, row]) => row[place])))
    sent.push(tx.run('batchesCount', texts(pick(rows, ([batch]) => batch)), ...columns))
  }
  if (news.size > 0) {
    const list = [...news].map(
      (one) => [one.slice(0, one.indexOf(' ')), one.slice(one.indexOf(' ') + 1)] as const,
    )
    sent.push(tx.run('newsTell', words(pick(list, ([topic]) => topic)), texts(pick(list, ([, id]) => id))))
  }
  return sent
}

const nameOf = (queue: string, group: string | null): string => JSON.stringify([queue, group])

/** Notes which lines have other ready jobs now, and which groups may have had none for a moment. */
const touch = (
  tx: Tx,
  changes: readonly Changed[],
  entering: readonly Placed[],
  unit: Unit,
): Promise<unknown>[] => {
  const lines = new Set(entering.flatMap(({ job, line }) => (job.state === 'ready' ? (line ?? []) : [])))
  const left = new Map<string, { number: number; readonly line: number }>()
  for (const { before } of changes) {
    if (before === null || before.readyAs === null) continue
    if (before.readyAs < 0) lines.add(before.readyAs)
    // One that an older version put among those without a group tells nothing about its own.
    if (before.readyAs > 0 && before.line !== null) continue
    const name = nameOf(before.job.queue, before.job.group)
    const known = left.get(name) ?? { number: 0, line: before.readyAs }
    left.set(name, known)
    known.number++
  }
  // When others entered before the last one left, there was always one.
  const empty = unit.readiness().flatMap(({ queue, group, least }) => {
    const one = left.get(nameOf(queue, group))
    return one === undefined || least > -one.number ? [] : [{ queue, group, line: one.line }]
  })
  if (lines.size === 0 && empty.length === 0) return []
  return [
    tx.run(
      'touch',
      numbers([...lines]),
      numbers(pick(empty, ({ line }) => line)),
      texts(pick(empty, ({ queue }) => queue)),
      texts(pick(empty, ({ group }) => (group === null ? '' : `=${group}`))),
    ),
  ]
}

/**
 * Sends the statements that write what a unit of work changed. They fail with the transaction when the store is not
 * any more what was read.
 */
export const flush = (tx: Tx, unit: Unit, kinds: Kinds): Promise<unknown>[] => {
  const changes = unit.changed()
  // Whoever ends one of these at the same moment waits for us, or we find that he was faster and begin anew.
  const binding = bindStored(tx, unit.awaited())
  if (changes.length === 0) return binding
  const sent = leave(
    tx,
    changes.flatMap(({ before }) => before ?? []),
  )
  sent.push(...binding)
  const removed = changes.filter(({ after }) => after === null).map(({ id }) => id)
  if (removed.length > 0) sent.push(tx.run('jobsDelete', words(removed)))
  const { freed, taken } = unit.keys()
  if (freed.length > 0) {
    const holders = words(freed.map(([, id]) => id))
    sent.push(tx.run('keysFree', texts(freed.map(([key]) => key)), holders, freed.length))
  }
  if (taken.length > 0) {
    sent.push(
      tx.run(
        'keysTake',
        texts(taken.map(([key]) => key)),
        words(taken.map(([, { id }]) => id)),
        words(taken.map(([, { until }]) => until)),
        numbers(taken.map(([, { expiresAt }]) => expiresAt)),
        taken.length,
        ...tx.at,
      ),
    )
    if (taken.some(([, { expiresAt }]) => expiresAt !== null)) {
      sent.push(tx.run('keysExpire', EXPIRED_PER_CALL, ...tx.at))
    }
  }
  const added = changes.filter(({ before }) => before === null)
  if (added.length > 0) {
    sent.push(
      insertJobs(
        tx,
        added.flatMap((one) => placed(one, kinds, unit)),
      ),
    )
    const queues = new Set(added.flatMap(({ after }) => after?.queue ?? []))
    const unknown = [...queues].filter((queue) => !kinds.isQueueKnown(queue))
    if (unknown.length > 0) sent.push(tx.run('queuesAdd', texts(unknown)))
  }
  const now = changes.flatMap((one) => placed(one, kinds, unit))
  const ranked = changes.flatMap(({ before, after }) =>
    before === null || after === null || before.job.priority === after.priority ? [] : [after],
  )
  if (ranked.length > 0) {
    const priorities = numbers(pick(ranked, ({ priority }) => priority))
    sent.push(tx.run('jobsPriority', words(pick(ranked, ({ id }) => id)), priorities))
  }
  const fair = new Set(pick(linedIn(now), ({ job }) => job.queue))
  const unfair = [...fair].filter((queue) => !kinds.isQueueFair(queue))
  if (unfair.length > 0) sent.push(tx.run('fairAdd', texts(unfair)))
  sent.push(...touch(tx, changes, now, unit), ...enter(tx, now))
  const noted = now.filter((one) => one.hasNotes)
  if (noted.length > 0) sent.push(writeNotes(tx, noted))
  const areNoted = new Set(noted.map(({ job }) => job.id))
  const forgotten = changes
    .filter(({ id, before, after }) => before?.hasNotes === true && after !== null && !areNoted.has(id))
    .map(({ id }) => id)
  if (forgotten.length > 0) sent.push(tx.run('notesDelete', words(forgotten)))
  sent.push(noteMoves(tx, changes, kinds), ...writeTies(tx, unit))
  return sent
}

const linedIn = (jobs: readonly Placed[]): Placed[] => jobs.filter(({ line }) => line !== null)

/** To be called when what was flushed is there for good. */
export const flushed = (unit: Unit, kinds: Kinds): void => {
  const added = unit.changed().flatMap(({ before, after }) => (before === null ? (after ?? []) : []))
  kinds.queuesAreKnown(pick(added, ({ queue }) => queue))
  kinds.queuesAreFair(pick(added.filter(isLined), ({ queue }) => queue))
}
