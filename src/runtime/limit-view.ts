import { groupOf } from '../core/gates.ts'
import type { LimitScope } from '../core/job.ts'
import type { LimitRow } from '../engines/engine.ts'
import { type Bounds, NO_BOUNDS } from './limit-options.ts'

/** A limit as everybody outside sees it: plain data, which JSON.stringify writes with its dates in ISO 8601. */
export interface Limit {
  readonly scope: LimitScope
  /** What it is about; the others are null. */
  readonly queue: string | null
  readonly group: string | null
  readonly task: string | null
  readonly key: string | null
  /** Jobs at the same time; null: any number. */
  readonly concurrency: number | null
  /** `per` in ms. */
  readonly rate: { readonly max: number; readonly per: number } | null
  readonly weight: number | null
  readonly paused: { readonly at: Date; readonly by: string } | null
  /** Jobs that run under it now; with scope `groups` in all groups together that have no setting of their own. */
  readonly running: number
  /** When its rate lets a job begin again; null: now. Always null with scope `groups`, whose groups have one each. */
  readonly opensAt: Date | null
  /** Raised by every write; 0 when nothing is set. */
  readonly version: number
  readonly source: 'code' | 'operator'
  /** Who wrote it. */
  readonly by: string
  /** What an operator decided otherwise than the code says. */
  readonly drift: { readonly fields: readonly string[]; readonly by: string } | null
}

/** Who writes what code declares. */
export const CODE = 'code'

/** What the code of a program said last, kept beside the setting, so that an operator's change can be told from it. */
export interface DeclaredDocument {
  readonly bounds: Bounds
  /** The operator who took the limit away. */
  readonly removedBy: string | null
}

export const hasBounds = (bounds: Bounds): boolean => driftOf(plainBounds(bounds), NO_BOUNDS).length > 0

/** The names of what differs. */
export const driftOf = (a: Bounds, b: Bounds): string[] =>
  (['concurrency', 'rate', 'weight'] as const).filter(
    (name) => JSON.stringify(a[name] ?? null) !== JSON.stringify(b[name] ?? null),
  )

/** Rates come from stores and from code: what is compared is written in one order. */
export const plainBounds = ({ concurrency, rate, weight }: Bounds): Bounds => ({
  concurrency,
  rate: rate === null ? null : { max: rate.max, perMs: rate.perMs },
  weight,
})

export const toLimit = (row: LimitRow, declared: DeclaredDocument | null): Limit => {
  const { scope, name, rate } = row
  const ofGroup = scope === 'group' ? groupOf(name) : null
  const fields = declared === null ? [] : driftOf(plainBounds(row), plainBounds(declared.bounds))
  const isCodes = declared !== null && row.by === CODE
  return {
    scope,
    queue: ofGroup?.queue ?? (scope === 'queue' || scope === 'groups' ? name : null),
    group: ofGroup?.group ?? null,
    task: scope === 'task' ? name : null,
    key: scope === 'key' ? name : null,
    concurrency: row.concurrency,
    rate: rate === null ? null : { max: rate.max, per: rate.perMs },
    weight: row.weight,
    paused:
      row.pausedBy === null || row.pausedAt === null
        ? null
        : { at: new Date(row.pausedAt), by: row.pausedBy },
    running: row.running,
    opensAt: row.opensAt === null ? null : new Date(row.opensAt),
    version: row.version,
    source: declared === null ? 'operator' : 'code',
    by: row.by,
    drift:
      fields.length === 0 || isCodes
        ? null
        : { fields, by: hasBounds(row) ? row.by : (declared?.removedBy ?? row.by) },
  }
}
