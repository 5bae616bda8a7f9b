import { toNumber } from './driver.ts'
import type { Parts } from './parts.ts'

/** Moves that are added up in one statement. */
const MOVES_PER_STEP = 10_000
/** How often moves are added up, while there are new ones, and while nothing happens here. */
const BUSY_MS = 1_000
const IDLE_MS = 30_000
/** How often the server is asked for the garbage of the hot tables, which others leave, too. */
const LOOK_MS = 10_000
/** Garbage rows beyond which a hot table is vacuumed: claims read past them. */
const GARBAGE_MAX = 20_000
/** Jobs claimed here after which there is that much garbage for certain. */
const CLAIMS_MAX = 40_000
/** How often the store is told what time it is. */
const CLOCK_MS = 10_000

/** The tables through which every job passes. */
const HOT = ['ready', 'running']

const GARBAGE = `select relname from pg_catalog.pg_stat_user_tables
where schemaname = $1 and relname in ('ready', 'running', 'waiting', 'moves', 'touched', 'heads', 'groups') and n_dead_tup > $2`

/**
 * What keeps the store fast, beside the calls of the maintainer: counts are added up, and the tables through which every
 * job passes are cleaned sooner than the server would do it, which looks only once a minute. Nothing depends on it, so
 * failures are ignored; any number of processes may do it.
 */
export class Housekeeper {
  private readonly parts: Parts
  private readonly schema: string
  private isDirty = true
  private claims = 0
  private cleaning: Promise<void> | undefined
  private addedUpAt = Number.NEGATIVE_INFINITY
  private lookedAt = Number.NEGATIVE_INFINITY
  private clockAt = Number.NEGATIVE_INFINITY
  private work: Promise<void> | undefined

  constructor(parts: Parts, schema: string) {
    this.parts = parts
    this.schema = schema
  }

  /** Something was written here. */
  touched(): void {
    this.isDirty = true
  }

  /** So many jobs were claimed. */
  claimed(number: number): void {
    this.claims += number
    if (this.claims < CLAIMS_MAX || this.cleaning !== undefined) return
    this.claims = 0
    this.clean(HOT)
  }

  /** To be called now and then; does nothing most of the time, and nobody waits for it. */
  tidy(): void {
    const now = performance.now()
    if (this.work !== undefined || now < this.addedUpAt + (this.isDirty ? BUSY_MS : IDLE_MS)) return
    this.addedUpAt = now
    this.isDirty = false
    this.work = this.carryOut(now)
      .catch(() => {})
      .finally(() => {
        this.work = undefined
      })
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.work
    await this.cleaning
  }

  private clean(tables: readonly string[]): void {
    const { sessions } = this.parts
    const schema = `"${this.schema.replaceAll('"', '""')}"`
    this.cleaning = sessions
      .raw('cleaning tables', async (query) => {
        // Who cannot have a table at once leaves it to whoever has it.
        for (const table of tables) await query(`vacuum (skip_locked, truncate off) ${schema}.${table}`)
      })
      .catch(() => {})
      .finally(() => {
        this.cleaning = undefined
      })
  }

  private async carryOut(now: number): Promise<void> {
    const { sessions } = this.parts
    for (;;) {
      const rows = await sessions.single('adding up counts', 'movesAddUp', () => [MOVES_PER_STEP])
      if (toNumber(rows[0]?.[0]) < MOVES_PER_STEP) break
    }
    if (now >= this.clockAt + CLOCK_MS) {
      this.clockAt = now
      const rows = await sessions.single('keeping the time', 'clockRaise', (at) => [...at])
      this.parts.clock.saw(toNumber(rows[0]?.[0]))
    }
    if (now >= this.lookedAt + LOOK_MS) {
      this.lookedAt = now
      const tables = await sessions.raw('looking for garbage', (query) =>
        query(GARBAGE, [this.schema, GARBAGE_MAX]),
      )
      if (tables.length > 0 && this.cleaning === undefined)
        this.clean(tables.map(([table]) => table as string))
    }
  }
}
