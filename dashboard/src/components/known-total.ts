import type { JobState } from '../../../src/core/states.ts'
import type { WireStats } from '../api/types.ts'

interface Names {
  readonly queue: string
  readonly task: string
}
interface Counts {
  readonly total: number
  readonly states: Readonly<Record<JobState, number>>
}

const NONE: Counts = {
  total: 0,
  states: {
    blocked: 0,
    scheduled: 0,
    ready: 0,
    running: 0,
    retrying: 0,
    completed: 0,
    cancelled: 0,
    dead: 0,
  },
}

/** Jobs by state of a queue or of a task; undefined for a pair of both, which nobody counts. */
export const countsOf = (stats: WireStats | null, { queue, task }: Names): Counts | undefined => {
  if (stats === null || (queue !== '' && task !== '')) return undefined
  if (queue !== '') return stats.queues.find((row) => row.queue === queue) ?? NONE
  if (task !== '') return stats.tasks.find((row) => row.task === task) ?? NONE
  return stats
}

/** How many jobs fit the filters, where the numbers by state tell it. */
export const knownTotal = (
  stats: WireStats | null,
  view: Names & { readonly states: readonly JobState[]; readonly search: string },
): number | undefined => {
  const counts = countsOf(stats, view)
  if (counts === undefined || view.search !== '') return undefined
  if (view.states.length === 0) return counts.total
  return view.states.reduce((sum, state) => sum + (counts.states[state] ?? 0), 0)
}
