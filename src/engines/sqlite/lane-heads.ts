import type { Session } from './session.ts'
import { all } from './statements.ts'

/** What `lane-heads.sql` reads of a claimable job. */
export type Head = readonly [
  id: string,
  priority: number,
  runAt: number,
  solo: number,
  hasNotes: number,
  bound: number,
]

/** The next claimable jobs of a lane behind one of them. */
export const headsOf = (
  { sql }: Session,
  lane: number,
  after: readonly [id: string, priority: number, runAt: number, ...rest: unknown[]] | null,
  count: number,
): Head[] => all<Head>(sql.laneHeads, lane, after?.[1] ?? -1, after?.[2] ?? -1, after?.[0] ?? '', count)
