import type { BulkAction, BulkFilter } from '../../core/bulk.ts'
import type { JobRecord } from '../../core/job.ts'
import { BULK_BATCH, BULK_PREVIEW_MAX, BULK_SAMPLE } from '../../core/limits.ts'
import type { JobState } from '../../core/states.ts'
import type { Job } from '../../core/view.ts'
import type { Engine } from '../../engines/engine.ts'
import { readCounts } from '../stats.ts'
import { find, isCounted } from './filter.ts'

/** What a bulk action would do now. It changes nothing. */
export interface BulkPreview {
  readonly action: BulkAction
  readonly count: number
  /** True: only so many jobs were looked at that there may be more that fit. */
  readonly bounded: boolean
  /** The states that were looked for. */
  readonly states: readonly JobState[]
  /** The first jobs that it would be done to, the oldest ones. */
  readonly sample: readonly Job[]
  /** Whether it could be undone. */
  readonly undoable: boolean
}

/** How many jobs fit, exactly and at no cost that grows with them; null when only looking at each would tell. */
export const countExactly = async (engine: Engine, filter: BulkFilter): Promise<number | null> => {
  if (!isCounted(filter)) return null
  const { states, queues, tasks } = filter
  const rows = await readCounts(engine)
  return rows
    .filter(
      ({ state, queue, task }) =>
        states.includes(state) && (queues?.includes(queue) ?? true) && (tasks?.includes(task) ?? true),
    )
    .reduce((sum, { count }) => sum + count, 0)
}

export const preview = async (
  engine: Engine,
  action: BulkAction,
  filter: BulkFilter,
  view: (record: JobRecord) => Job,
): Promise<BulkPreview> => {
  const exact = await countExactly(engine, filter)
  const first: JobRecord[] = []
  let [count, looked, cursor, isAtEnd]: [number, number, string | null, boolean] = [0, 0, null, false]
  while (!isAtEnd && looked < BULK_PREVIEW_MAX && (exact === null || first.length < BULK_SAMPLE)) {
    const found = await find(engine, filter, cursor, exact === null ? BULK_BATCH : BULK_SAMPLE)
    first.push(...found.jobs.slice(0, BULK_SAMPLE - first.length))
    count += found.jobs.length
    looked += found.looked
    ;({ cursor, isAtEnd } = found)
  }
  return {
    action,
    count: exact ?? count,
    bounded: exact === null && !isAtEnd,
    states: filter.states,
    sample: first.map(view),
    undoable: action === 'remove' || action === 'cancel',
  }
}
