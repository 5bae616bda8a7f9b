import type { JobRecord } from '../core/job.ts'
import { parsePayload } from '../core/json.ts'
import { driftOf, type ScheduleDocument, ticksOf } from '../core/schedule.ts'
import type { JobState } from '../core/states.ts'

/** A schedule as everybody outside sees it: plain data, which JSON.stringify writes with its dates in ISO 8601. */
export interface Schedule {
  readonly name: string
  readonly cron: string | null
  readonly timeZone: string
  /** In ms. */
  readonly every: number | null
  readonly task: string
  readonly payload: unknown
  /** In ms. */
  readonly jitter: number
  readonly startAt: Date | null
  readonly endAt: Date | null
  readonly overlap: ScheduleDocument['spec']['overlap']
  readonly catchUp: ScheduleDocument['spec']['catchUp']
  /** What was said about its jobs: queue, priority and so on. */
  readonly options: Readonly<Record<string, unknown>>
  readonly paused: { readonly at: Date; readonly by: string } | null
  /** The next five ticks, without jitter; none while it is paused. */
  readonly nextRuns: readonly Date[]
  /** The newest tick that got a job. */
  readonly lastRun: Date | null
  /** Its newest job, of a tick or run by hand; its state is null when the job was removed. */
  readonly lastJob: { readonly id: string; readonly state: JobState | null } | null
  /** Ticks that got a job. */
  readonly fired: number
  /** Ticks that got none because a job of the schedule was not over. */
  readonly skipped: number
  /** Ticks that nobody was there to fire, and that were not made good. */
  readonly missed: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly source: 'code' | 'operator'
  /** What an operator decided otherwise than the code says; `removed` for the whole of it. */
  readonly drift: { readonly fields: readonly string[]; readonly by: string } | null
}

const NEXT_RUNS = 5

export const toSchedule = (
  name: string,
  document: ScheduleDocument,
  now: number,
  lastJob: JobRecord | null,
): Schedule => {
  const { spec, pausedAt, changedBy } = document
  const drift = driftOf(document)
  return {
    name,
    cron: spec.cron,
    timeZone: spec.timeZone,
    every: spec.everyMs,
    task: spec.task,
    payload: parsePayload(spec.payload),
    jitter: spec.jitterMs,
    startAt: date(spec.startAt),
    endAt: date(spec.endAt),
    overlap: spec.overlap,
    catchUp: spec.catchUp,
    options: spec.options,
    paused: pausedAt === null ? null : { at: new Date(pausedAt), by: document.pausedBy ?? '' },
    nextRuns: pausedAt === null && !document.removed ? nextRuns(document, now) : [],
    lastRun: date(document.lastTickAt),
    lastJob: document.lastJob === null ? null : { id: document.lastJob, state: lastJob?.state ?? null },
    fired: document.fired,
    skipped: document.skipped,
    missed: document.missed,
    createdAt: new Date(document.createdAt),
    updatedAt: new Date(document.updatedAt),
    source: document.source,
    drift: drift.length === 0 ? null : { fields: drift, by: changedBy ?? '' },
  }
}

const nextRuns = ({ spec, createdAt, decidedUntil }: ScheduleDocument, now: number): Date[] => {
  const ticks = ticksOf(spec, createdAt)
  const runs: Date[] = []
  let tick = ticks.next(Math.max(decidedUntil, now))
  while (tick !== null && runs.length < NEXT_RUNS) {
    runs.push(new Date(tick))
    tick = ticks.next(tick)
  }
  return runs
}

const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))
