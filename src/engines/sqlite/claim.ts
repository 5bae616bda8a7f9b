import type { ClaimRequest } from '../engine.ts'
import { claimBounded } from './claim-bounded.ts'
import type { SqliteValue } from './driver.ts'
import { keepHeads } from './heads.ts'
import { findJob } from './jobs.ts'
import { type Head, headsOf } from './lane-heads.ts'
import { merge, type Source } from './merge.ts'
import type { Kind, Lane, Session } from './session.ts'
import { all, first } from './statements.ts'
import type { Claimed } from './wire.ts'

const byTurn = (a: Head, b: Head): number => a[1] - b[1] || a[2] - b[2] || (a[0] < b[0] ? -1 : 1)

/** Kinds with claimable jobs that this claim may take, in one list for each turn: all at once, or queue by queue. */
const eligible = (session: Session, { queues, tasks, order }: ClaimRequest): Kind[][] => {
  const paused = session.pausedQueues()
  const wanted = queues === null ? null : new Set(queues)
  const known = tasks === null ? null : new Set(tasks)
  const kinds = all<[number]>(session.sql.kindsReady)
    .map(([kind]) => session.kind(kind))
    .filter(
      ({ queue, task }) => (wanted?.has(queue) ?? true) && (known?.has(task) ?? true) && !paused.has(queue),
    )
  if (order === 'merged' || wanted === null) return [kinds]
  return [...wanted].map((queue) => kinds.filter((kind) => kind.queue === queue))
}

/** Whether its jobs come in their order, one after the other: no limit holds, and nobody takes turns. */
const isFree = ({ fair, settings }: Session, { queue, task }: Kind): boolean =>
  !fair.has(queue) && settings.of({ queue, task, group: null, limit: null }).length === 0

const sourceOf = (session: Session, { lane }: Lane): Source<Head> => ({
  fetch: (after, count) => headsOf(session, lane, after, count),
})

/** The jobs that are about to be claimed, and how far each lane is emptied by it. */
interface Choice {
  readonly heads: Head[]
  readonly ends: Map<Lane, { last: Head; count: number }>
  more: boolean
}

/** Chooses in order. A solo job ends an answer, or is all of it. */
const choose = (session: Session, turns: readonly Lane[][], limit: number): Choice => {
  const choice: Choice = { heads: [], ends: new Map(), more: false }
  for (const lanes of turns) {
    const sources = lanes.map((lane) => sourceOf(session, lane))
    const take = (head: Head, source: number): boolean => {
      const isSolo = head[3] === 1
      if (choice.heads.length > 0 && (isSolo || choice.heads[0]?.[3] === 1)) return false
      choice.heads.push(head)
      const lane = lanes[source] as Lane
      choice.ends.set(lane, { last: head, count: (choice.ends.get(lane)?.count ?? 0) + 1 })
      return true
    }
    choice.more = merge(sources, limit - choice.heads.length, byTurn, take)
    if (choice.more) break
  }
  return choice
}

/** Takes leases on the jobs of a lane up to one of them. */
const lease = (
  session: Session,
  { worker, leaseMs }: { readonly worker: string; readonly leaseMs: number },
  { lane, kind }: Lane,
  {
    last,
    count,
  }: { readonly last: readonly [id: string, priority: number, runAt: number]; readonly count: number },
): void => {
  const { sql, now } = session
  const [id, priority, runAt] = last
  sql.laneLease.run(worker, now, leaseMs, lane, priority, runAt, id)
  sql.laneTake.run(lane, priority, runAt, id)
  session.count(kind, 'ready', -count)
  session.count(kind, 'running', count)
}

interface Answer {
  readonly claimed: Claimed | null
  readonly more: boolean
  /** When a rate lets one of the jobs go that were passed over. */
  readonly opensAt: number | null
}

/**
 * The usual case, a single lane: its next jobs, whatever they are, without choosing. Undefined when one of them has to
 * be handed out alone or has notes; nothing is done then.
 */
const claimRun = (
  session: Session,
  worker: string,
  request: ClaimRequest,
  lane: Lane,
): Answer | undefined => {
  const { sql } = session
  const run = first<[count: number, solo: number, hasNotes: number, bound: number, rows: string]>(
    sql.laneRun,
    lane.lane,
    request.limit,
  )
  if (run === undefined || run[0] === 0 || run[1] === 1 || run[2] === 1 || run[3] === 2) return undefined
  const [count, , , , rows] = run
  const last = first<[string, number, number]>(sql.laneNth, lane.lane, count - 1)
  if (last === undefined) return undefined
  lease(session, { worker, leaseMs: request.leaseMs }, lane, { last, count })
  const more = first(sql.laneNth, lane.lane, 0) !== undefined
  return { claimed: { rows, lanes: new Map([[lane.lane, lane]]), whole: [] }, more, opensAt: null }
}

/** What a worker gets of jobs whose leases were just taken. */
const claimedOf = (
  session: Session,
  heads: readonly Head[],
  lanes: ReadonlyMap<number, Lane>,
): Claimed | null => {
  const { sql, now } = session
  const [head] = heads
  if (head === undefined) return null
  if (head[3] === 1) sql.leaseSolo.run(now, head[0])
  const ids = JSON.stringify(heads.map(([id]) => id))
  if (heads.some(([, , , , , bound]) => bound === 2)) sql.keysStart.run(ids)
  const rows = first<[string]>(sql.claimed, ids)?.[0] ?? '[]'
  const whole = heads
    .filter(([, , , solo, hasNotes]) => solo === 1 || hasNotes === 1)
    .flatMap(([id]) => findJob(session, id)?.job ?? [])
  return { rows, lanes, whole }
}

/** Several lanes, or jobs that are to be handed out alone: chooses among the heads of all lanes. */
const claimChosen = (
  session: Session,
  worker: string,
  { limit, leaseMs }: ClaimRequest,
  turns: readonly Lane[][],
): Answer => {
  const { heads, ends, more } = choose(session, turns, limit)
  for (const [lane, { last, count }] of ends) {
    lease(session, { worker, leaseMs }, lane, { last: [last[0], last[1], last[2]], count })
  }
  const lanes = new Map([...ends.keys()].map((lane) => [lane.lane, lane]))
  return { claimed: claimedOf(session, heads, lanes), more, opensAt: null }
}

export const claim = (session: Session, worker: string, request: ClaimRequest): Answer => {
  if (request.limit === 0) return { claimed: null, more: false, opensAt: null }
  keepHeads(session)
  const kinds = eligible(session, request)
  if (!kinds.flat().every((kind) => isFree(session, kind))) {
    const { heads, lanes, more, opensAt } = claimBounded(session, worker, request, kinds)
    return { claimed: claimedOf(session, heads, lanes), more, opensAt }
  }
  // Where nobody takes turns, a task has one lane.
  const turns = kinds.map((some) => some.map(({ queue, task }) => session.laneOf(queue, task, null, null)))
  const [lane, ...others] = turns.flat()
  const run = lane === undefined || others.length > 0 ? undefined : claimRun(session, worker, request, lane)
  return run ?? claimChosen(session, worker, request, turns)
}

/** When the earliest scheduled or retrying job is due; may have passed already. */
export const nextDueAt = ({ sql }: Session): number | null =>
  first<[SqliteValue]>(sql.nextDue)?.[0] as number | null
