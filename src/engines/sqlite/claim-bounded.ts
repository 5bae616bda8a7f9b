import type { ClaimRequest } from '../engine.ts'
import { Gates } from './gates.ts'
import { keepHeads } from './heads.ts'
import type { Head } from './lane-heads.ts'
import type { Line } from './line.ts'
import { openingOf } from './opening.ts'
import { Parking } from './parking.ts'
import type { Kind, Lane, Session } from './session.ts'
import { type Sight, Walk } from './walk.ts'

/** Claims where limits hold, or groups take turns. */

/** What a group's turn moves on by, for weight 1. Divisible by many weights, so that turns stay whole numbers. */
const STRIDE = 720_720

/** The jobs that are about to be claimed, in their order. */
class Choice {
  readonly heads: Head[] = []
  readonly lanes = new Map<number, Lane>()
  more = false
  private readonly sight: Sight
  private readonly places: (readonly [lane: number, priority: number, runAt: number, id: string])[] = []
  private readonly counts = new Map<number, number>()
  private readonly moved = new Set<number>()
  private readonly furthest = new Map<string, number>()

  constructor(sight: Sight) {
    this.sight = sight
  }

  take(line: Line, head: Head): void {
    const { session, gates, turns } = this.sight
    const { lane, sharer } = line
    const [id, priority, runAt] = head
    this.heads.push(head)
    this.lanes.set(lane.lane, lane)
    this.places.push([lane.lane, priority, runAt, id])
    this.counts.set(lane.kind, (this.counts.get(lane.kind) ?? 0) + 1)
    gates.take(lane)
    if (sharer === 0) return
    const turn = turns.get(sharer) ?? 0
    this.furthest.set(lane.queue, Math.max(turn, this.furthest.get(lane.queue) ?? 0))
    turns.set(sharer, turn + Math.round(STRIDE / session.settings.weight(lane)))
    this.moved.add(sharer)
    session.touched.add(lane.lane)
  }

  /** Takes the leases, and notes what changed by it. */
  write(worker: string, leaseMs: number): void {
    const { session, gates, turns, parking } = this.sight
    const { sql, now } = session
    if (this.places.length > 0) {
      const places = JSON.stringify(this.places)
      sql.chosenLease.run(worker, now, leaseMs, places)
      sql.chosenTake.run(places)
    }
    for (const [kind, number] of this.counts) {
      session.count(kind, 'ready', -number)
      session.count(kind, 'running', number)
    }
    for (const [queue, turn] of this.furthest) sql.queueFurther.run(turn, queue)
    const moved = JSON.stringify([...this.moved].map((sharer) => [sharer, turns.get(sharer)]))
    if (this.moved.size > 0) sql.sharersMove.run(moved)
    keepHeads(session)
    if (this.moved.size > 0) sql.headsTurn.run(moved)
    parking.write()
    gates.note()
  }
}

/** The next line of all queues: their first jobs are compared by priority and time. */
const nextOf = (walks: readonly Walk[]): { readonly walk: Walk; readonly line: Line } | undefined => {
  let best: { walk: Walk; line: Line } | undefined
  for (const walk of walks) {
    const line = walk.offer()
    if (line === undefined) continue
    const isFirst =
      best === undefined ||
      (line.priority - best.line.priority ||
        line.runAt - best.line.runAt ||
        (line.id < best.line.id ? -1 : 1)) < 0
    if (isFirst) best = { walk, line }
  }
  return best
}

/** Chooses in order. A solo job ends an answer, or is all of it. */
const choose = (sight: Sight, turns: readonly (readonly Kind[])[], limit: number): Choice => {
  const choice = new Choice(sight)
  for (const kinds of turns) {
    const queues = [...new Set(kinds.map(({ queue }) => queue))]
    const walks = queues.map(
      (queue) =>
        new Walk(
          sight,
          queue,
          kinds.filter((kind) => kind.queue === queue),
        ),
    )
    for (;;) {
      const next = nextOf(walks)
      const head = next?.line.head
      if (next === undefined || head === undefined) break
      const isCompany = choice.heads.length > 0 && (head[3] === 1 || choice.heads[0]?.[3] === 1)
      if (choice.heads.length === limit || isCompany) {
        choice.more = true
        return choice
      }
      choice.take(next.line, head)
      next.walk.take(next.line)
    }
  }
  return choice
}

export interface Bounded {
  readonly heads: readonly Head[]
  readonly lanes: ReadonlyMap<number, Lane>
  readonly more: boolean
  /** When a rate lets one of the jobs go that were passed over. */
  readonly opensAt: number | null
}

/** Takes the leases of the next jobs whose limits are not reached. `turns`: kinds that come one after the other. */
export const claimBounded = (
  session: Session,
  worker: string,
  { limit, leaseMs }: Pick<ClaimRequest, 'limit' | 'leaseMs'>,
  turns: readonly (readonly Kind[])[],
): Bounded => {
  const sight: Sight = {
    session,
    gates: new Gates(session),
    parking: new Parking(session),
    turns: new Map(),
  }
  const choice = choose(sight, turns, limit)
  choice.write(worker, leaseMs)
  const { heads, lanes, more } = choice
  const isAsked = !more && session.settings.isRated
  return { heads, lanes, more, opensAt: isAsked ? openingOf(sight, turns.flat()) : null }
}
