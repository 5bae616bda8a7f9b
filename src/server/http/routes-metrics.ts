import type { Context } from 'hono'
import { taskName } from '../../core/task-name.ts'
import type { CountRow } from '../../engines/engine.ts'
import type { Schedule } from '../../runtime/schedule-view.ts'
import { readCounts, type Stats } from '../../runtime/stats.ts'
import type { ServerDeps } from './deps.ts'
import { CONTENT_TYPE, type Metric, renderMetrics, type Sample } from './prometheus.ts'
import type { Routes } from './routes.ts'
import { countRuns, OTHER } from './run-metrics.ts'
import { check, emptyBody } from './schemas.ts'

/** Series of one metric. The largest keep their names, the rest is added up under another one. */
export const SERIES_MAX = 1_000

/**
 * `GET /metrics` for Prometheus: exact numbers of the whole store, and the runs of this process.
 * @param stopping ends the counting
 */
export const metricsRoutes = ({ posthaste }: ServerDeps, stopping: AbortSignal): Routes => {
  const runs = countRuns(posthaste, stopping)
  return new Map([
    [
      '/metrics',
      {
        async GET(context: Context) {
          check(emptyBody, context.req.query(), 'query')
          const [counts, stats, schedules] = await Promise.all([
            readCounts(posthaste.engine),
            posthaste.stats(),
            posthaste.schedules.list(),
          ])
          const metrics = [
            jobs(counts),
            ...queues(stats),
            ...workers(stats),
            ...ticks(schedules),
            ...archive(stats),
            ...runs(),
            ...thisProcess(stats),
          ]
          return new Response(renderMetrics(metrics), { headers: { 'content-type': CONTENT_TYPE } })
        },
      },
    ],
  ])
}

/** All versions of a task's payload are one row. */
const withoutVersions = (counts: readonly CountRow[]): CountRow[] => {
  const rows = new Map<string, CountRow>()
  for (const row of counts) {
    const task = taskName(row.task)
    const place = JSON.stringify([row.queue, task, row.state])
    rows.set(place, { ...row, task, count: row.count + (rows.get(place)?.count ?? 0) })
  }
  return [...rows.values()]
}

const jobs = (counts: readonly CountRow[]): Metric => {
  const rows = withoutVersions(counts).sort((a, b) => b.count - a.count)
  const rest = new Map<string, number>()
  for (const { state, count } of rows.slice(SERIES_MAX)) rest.set(state, (rest.get(state) ?? 0) + count)
  return {
    name: 'posthaste_jobs',
    help: 'Jobs in the store.',
    type: 'gauge',
    samples: [
      ...rows
        .slice(0, SERIES_MAX)
        .map(({ queue, task, state, count }) => ({ labels: { queue, task, state }, value: count })),
      ...[...rest].map(([state, value]) => ({ labels: { queue: OTHER, task: OTHER, state }, value })),
    ],
  }
}

const queues = (stats: Stats): Metric[] => {
  const rows = [...stats.queues].sort((a, b) => b.total - a.total)
  const shown = rows.slice(0, SERIES_MAX)
  const restAges = rows.slice(SERIES_MAX).flatMap(({ oldestReadyAgeMs }) => oldestReadyAgeMs ?? [])
  const rest: Sample[] =
    restAges.length === 0 ? [] : [{ labels: { queue: OTHER }, value: Math.max(...restAges) / 1_000 }]
  return [
    {
      name: 'posthaste_queue_oldest_ready_age_seconds',
      help: 'How long the job that waits longest in a queue has been ready to run; 0 when none is.',
      type: 'gauge',
      samples: [
        ...shown.map(({ queue, oldestReadyAgeMs }) => ({
          labels: { queue },
          value: (oldestReadyAgeMs ?? 0) / 1_000,
        })),
        ...rest,
      ],
    },
    {
      name: 'posthaste_queue_paused',
      help: '1 for a queue that is paused.',
      type: 'gauge',
      samples: shown.map(({ queue, paused }) => ({ labels: { queue }, value: paused ? 1 : 0 })),
    },
  ]
}

const workers = ({ workers: live }: Stats): Metric[] => {
  const sum = (key: 'running' | 'concurrency'): number =>
    live.reduce((total, worker) => total + (worker[key] ?? 0), 0)
  return [
    gauge('posthaste_workers', 'Live workers of the installation.', live.length),
    gauge('posthaste_worker_slots', 'Jobs that they can run at the same time.', sum('concurrency')),
    gauge('posthaste_worker_slots_busy', 'Jobs that they run, as they last said.', sum('running')),
  ]
}

const ticks = (schedules: readonly Schedule[]): Metric[] => {
  const of = (name: string, help: string, value: (schedule: Schedule) => number): Metric => ({
    ...{ name, help, type: 'counter' },
    samples: schedules.map((one) => ({ labels: { schedule: one.name }, value: value(one) })),
  })
  return [
    of('posthaste_schedule_ticks_total', 'Ticks of schedules that got a job.', ({ fired }) => fired),
    of(
      'posthaste_schedule_skipped_total',
      'Ticks that got none because a job of the schedule was not over.',
      ({ skipped }) => skipped,
    ),
    of(
      'posthaste_schedule_missed_total',
      'Ticks that nobody was there to fire, and that were not made good.',
      ({ missed }) => missed,
    ),
  ]
}

const archive = ({ archive: status }: Stats): Metric[] => {
  if (status === null) return []
  return [
    gauge(
      'posthaste_archive_up',
      '1 when the archive answered the last call of this process.',
      status.ok ? 1 : 0,
    ),
    {
      ...gauge(
        'posthaste_archive_moved_total',
        'Jobs that this process moved into the archive.',
        status.moved,
      ),
      type: 'counter',
    },
  ]
}

const thisProcess = ({ engine: { kind, durability, version } }: Stats): Metric[] => [
  {
    ...gauge('posthaste_store_info', 'What the jobs are kept in, and what survives.', 1),
    samples: [{ labels: { kind, durability, version }, value: 1 }],
  },
  gauge(
    'process_start_time_seconds',
    'When this process started, in Unix time.',
    Math.round(performance.timeOrigin) / 1_000,
  ),
  gauge('process_resident_memory_bytes', 'Memory of this process.', process.memoryUsage.rss()),
]

const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: [{ value }],
})
