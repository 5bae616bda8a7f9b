import { closedOf, type Gates } from './gates.ts'
import { Heap } from './heap.ts'
import { headsOf } from './lane-heads.ts'
import { isEarlier, Line, type Standing } from './line.ts'
import { Cursor } from './merge.ts'
import type { Parking } from './parking.ts'
import type { Kind, Session } from './session.ts'
import { all, first } from './statements.ts'

/** Heads are read so many at a time. */
const HEADS_AT_ONCE = 32

/** What `heads-page.sql` reads. */
type HeadRow = readonly [
  lane: number,
  sharer: number,
  priority: number,
  turn: number,
  runAt: number,
  id: string,
]

const standingOf = ([, , priority, turn, runAt, id]: HeadRow): Standing => ({ priority, turn, runAt, id })

/** The heads of a kind, those behind one gate or those behind none. */
export const headsIn = (
  { sql }: Session,
  kind: number,
  park: number,
  after: HeadRow | null,
  count = HEADS_AT_ONCE,
): HeadRow[] =>
  all<HeadRow>(
    sql.headsPage,
    ...[kind, park, after?.[2] ?? -1, after?.[3] ?? -1, after?.[4] ?? -1, after?.[5] ?? '', count],
  )

interface Source {
  readonly kind: number
  readonly park: number
  readonly cursor: Cursor<HeadRow>
}

/** What one claim knows, whatever queue it looks at. */
export interface Sight {
  readonly session: Session
  readonly gates: Gates
  readonly parking: Parking
  /** The turns of sharers, as far as they are known. */
  readonly turns: Map<number, number>
}

/** The claimable jobs of a queue in the order of claims, without those whose limits are reached. */
export class Walk {
  readonly queue: string
  private readonly sight: Sight
  private readonly lines = new Heap<Line>(isEarlier)
  private sources: readonly Source[] = []

  constructor(sight: Sight, queue: string, kinds: readonly Kind[]) {
    this.queue = queue
    this.sight = sight
    const { session, parking } = sight
    if (!session.fair.has(queue)) {
      for (const { task } of kinds) this.openPlain(task)
      return
    }
    this.sources = kinds.flatMap(({ kind }) =>
      [0, ...parking.openWide].map((park) => ({
        kind,
        park,
        cursor: new Cursor<HeadRow>(
          { fetch: (after, count) => headsIn(session, kind, park, after, count) },
          HEADS_AT_ONCE,
        ),
      })),
    )
  }

  /** Where nobody takes turns, a task has one lane. */
  private openPlain(task: string): void {
    const { session } = this.sight
    const lane = session.laneOf(this.queue, task, null, null)
    const [head] = headsOf(session, lane.lane, null, 1)
    if (head === undefined) return
    const [id, priority, runAt] = head
    this.lines.push(new Line(session, lane, 0, 0, { id, priority, runAt, turn: 0 }))
  }

  /** The line that is next, or undefined. Asking again answers the same, unless a gate has closed meanwhile. */
  offer(): Line | undefined {
    for (;;) {
      this.load()
      const line = this.lines.first
      if (line === undefined) return undefined
      const turn = this.sight.turns.get(line.sharer) ?? 0
      if (line.turn < turn) {
        // Its sharer has had a turn since.
        this.lines.pop()
        line.turn = turn
        this.lines.push(line)
      } else if (this.passes(line)) return line
      else this.lines.pop()
    }
  }

  /** Takes the first job of the line that was offered. */
  take(line: Line): void {
    this.lines.pop()
    if (line.advance()) this.lines.push(line)
  }

  /** Reads as many heads as are needed to know which line is first. */
  private load(): void {
    for (const source of this.sources) {
      for (;;) {
        const row = source.cursor.head
        const best = this.lines.first
        if (row === undefined || (best !== undefined && isEarlier(best, standingOf(row)))) break
        source.cursor.take()
        this.lines.push(this.toLine(row, source.park))
      }
    }
  }

  private toLine(row: HeadRow, park: number): Line {
    const { session, turns } = this.sight
    const [number, sharer, , turn] = row
    const line = new Line(session, session.lane(number), sharer, park, standingOf(row))
    if (!turns.has(sharer)) {
      // The turn of a lane that is put aside may be an old one.
      const current = park === 0 ? turn : first<[number]>(session.sql.sharerTurn, sharer)?.[0]
      turns.set(sharer, current ?? turn)
    }
    if (turn < (turns.get(sharer) ?? 0)) session.touched.add(number)
    return line
  }

  /** Programs that keep no heads may have been there meanwhile. */
  private isThere(line: Line): boolean {
    if (line.head !== undefined) return true
    this.sight.session.touched.add(line.lane.lane)
    return false
  }

  /** Whether all gates of a line are open. What is behind a closed one is not met again. */
  private passes(line: Line): boolean {
    const { gates, parking, session } = this.sight
    const { outer, inner } = gates.of(line.lane)
    if (closedOf(outer, session.now) !== undefined) {
      this.sources = this.sources.filter(({ kind }) => kind !== line.lane.kind)
      return false
    }
    const closed = closedOf(inner, session.now)
    if (closed === undefined) return this.isThere(line)
    const park = parking.put(line.lane, line.park, closed.gate, closed.opening)
    if (park === line.park) this.sources = this.sources.filter((source) => source.park !== park)
    return false
  }
}
