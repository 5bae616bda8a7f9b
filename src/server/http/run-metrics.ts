import type { RunEvent } from '../../runtime/events.ts'
import type { Posthaste } from '../../runtime/posthaste.ts'
import type { Metric, Sample } from './prometheus.ts'

/** Stands for all names beyond the bound of a label. No name begins with an underscore. */
export const OTHER = '_other'
/** Tasks with numbers of their own. */
const TASKS_MAX = 200

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const

interface TaskRuns {
  readonly outcomes: Map<RunEvent['outcome'], number>
  /** By bucket, not cumulative; the last one is for what is longer than all. */
  readonly buckets: number[]
  seconds: number
}

/** Counts the runs of this process from now on. What ran before, or runs elsewhere, is in that process's numbers. */
export const countRuns = (posthaste: Posthaste, stopping: AbortSignal): (() => Metric[]) => {
  const tasks = new Map<string, TaskRuns>()
  let expiries = 0

  const runsOf = (task: string): TaskRuns => {
    const name = tasks.has(task) || tasks.size < TASKS_MAX ? task : OTHER
    const found = tasks.get(name) ?? {
      outcomes: new Map(),
      buckets: Array(BUCKETS_SECONDS.length + 1).fill(0),
      seconds: 0,
    }
    tasks.set(name, found)
    return found
  }

  const offs = [
    posthaste.on('ran', ({ task, outcome, ms }) => {
      const runs = runsOf(task)
      const seconds = ms / 1_000
      const bucket = BUCKETS_SECONDS.findIndex((bound) => seconds <= bound)
      const index = bucket === -1 ? BUCKETS_SECONDS.length : bucket
      runs.buckets[index] = (runs.buckets[index] ?? 0) + 1
      runs.seconds += seconds
      runs.outcomes.set(outcome, (runs.outcomes.get(outcome) ?? 0) + 1)
    }),
    posthaste.on('expired', () => {
      expiries += 1
    }),
  ]
  stopping.addEventListener('abort', () => {
    for (const off of offs) off()
  })

  return () => [
    {
      name: 'posthaste_run_duration_seconds',
      help: 'How long runs of handlers of this process took, however they ended.',
      type: 'histogram',
      samples: [...tasks].flatMap(([task, runs]) => histogram(task, runs)),
    },
    {
      name: 'posthaste_runs_total',
      help: 'Runs of handlers of this process by how they ended; failed ones will run again, dead ones will not.',
      type: 'counter',
      samples: [...tasks].flatMap(([task, { outcomes }]) =>
        [...outcomes].map(([outcome, value]) => ({ labels: { task, outcome }, value })),
      ),
    },
    {
      name: 'posthaste_lease_expiries_total',
      help: 'Jobs that this process took from workers that were lost.',
      type: 'counter',
      samples: [{ value: expiries }],
    },
  ]
}

const histogram = (task: string, { buckets, seconds }: TaskRuns): Sample[] => {
  let total = 0
  const cumulative = buckets.map((value, index): Sample => {
    total += value
    return { suffix: '_bucket', labels: { task, le: String(BUCKETS_SECONDS[index] ?? '+Inf') }, value: total }
  })
  return [
    ...cumulative,
    { suffix: '_sum', labels: { task }, value: seconds },
    { suffix: '_count', labels: { task }, value: total },
  ]
}
