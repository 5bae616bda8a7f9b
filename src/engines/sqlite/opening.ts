import { closedOf } from './gates.ts'
import type { Kind } from './session.ts'
import { all, first } from './statements.ts'
import { headsIn, type Sight } from './walk.ts'

/** Lanes that a rate keeps are looked at so many at a time; nearly always, the first one is the answer. */
const LANES_AT_ONCE = 16

const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)

/**
 * When a rate lets a job of these kinds go, all of which are held back: null when something else holds all of them. To
 * be asked after a claim that left nothing behind which it might have taken.
 */
export const openingOf = (sight: Sight, kinds: readonly Kind[]): number | null => {
  let opensAt: number | null = null
  for (const kind of new Set(kinds)) opensAt = earlier(opensAt, openingOfKind(sight, kind))
  sight.parking.write()
  return opensAt
}

const openingOfKind = (sight: Sight, { kind, queue, task }: Kind): number | null => {
  const { session, gates, parking } = sight
  const { now, sql } = session
  const closed = closedOf(gates.outerOf(queue, task), now)
  if (closed !== undefined && closed.opening === null) return null
  const floor = closed?.opening ?? now
  if (!session.fair.has(queue)) {
    const { lane } = session.laneOf(queue, task, null, null)
    return first(sql.laneNth, lane, 0) === undefined ? null : floor
  }
  let earliest = keptUntil(sight, kind)
  for (const park of [0, ...parking.wideOnes]) earliest = earlier(earliest, openingBehind(sight, kind, park))
  return earliest === null ? null : Math.max(floor, earliest)
}

/**
 * When the groups and limit keys of the lanes of a kind let one go, among those behind a gate (or behind none): lanes
 * behind their queue's own gate are not put aside before, and of those behind a wide one some may be held by another.
 */
const openingBehind = ({ session, gates, parking }: Sight, kind: number, park: number): number | null => {
  let earliest: number | null = null
  for (let rows = headsIn(session, kind, park, null); rows.length > 0; ) {
    for (const [lane] of rows) {
      const of = session.lane(lane)
      const closed = closedOf(gates.of(of).inner, session.now)
      if (closed === undefined) return session.now
      if (closed.opening !== null) earliest = earlier(earliest, closed.opening)
      if (parking.put(of, park, closed.gate, closed.opening) === park) return earliest
    }
    rows = headsIn(session, kind, park, rows.at(-1) ?? null)
  }
  return earliest
}

/** When the first lane of a kind comes back that was put aside until a rate lets it go. */
const keptUntil = ({ session, gates, parking }: Sight, kind: number): number | null => {
  let earliest: number | null = null
  for (let offset = 0; ; offset += LANES_AT_ONCE) {
    const rows = all<[lane: number, park: number, opensAt: number]>(
      session.sql.headsOpening,
      ...[kind, LANES_AT_ONCE, offset],
    )
    for (const [lane, park, opensAt] of rows) {
      if (earliest !== null && opensAt >= earliest) return earliest
      const of = session.lane(lane)
      const closed = closedOf(gates.of(of).inner, session.now)
      if (closed === undefined) continue
      if (closed.opening !== null) earliest = earlier(earliest, closed.opening)
      // Something else holds it back for longer by now.
      if (closed.opening !== opensAt) parking.put(of, park, closed.gate, closed.opening)
    }
    if (rows.length < LANES_AT_ONCE) return earliest
  }
}
