import type { StoreClock } from './clock.ts'
import type { Hints } from './hints.ts'
import type { Kinds } from './kinds.ts'
import type { Sessions } from './sessions.ts'

/** What every operation of an open engine works with. */
export interface Parts {
  readonly sessions: Sessions
  readonly kinds: Kinds
  readonly clock: StoreClock
  readonly hints: Hints
  /** The id of the installation. */
  readonly store: string
  /** The schema's number among the advisory locks of the database. */
  readonly schemaLock: number
  /** This engine's own number among those of the schema. */
  readonly engineLock: number
}
