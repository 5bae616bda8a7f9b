import { type Cron, createCron } from './cron.ts'
import type { NewJob } from './job.ts'

/**
 * The rules of schedules: which ticks are due, which of them are made good after an outage, what a run that is not over
 * means for the next one. Pure; times are epoch ms of the store's clock.
 */

export type Overlap = 'skip' | 'allow' | 'queue' | 'cancelPrevious'
export type CatchUp = 'none' | 'last' | 'all'
export const OVERLAPS: readonly Overlap[] = ['skip', 'allow', 'queue', 'cancelPrevious']
export const CATCH_UPS: readonly CatchUp[] = ['none', 'last', 'all']

/** A tick that is noticed later than this was missed: whether it is made good is the policy's to say. */
const TICK_LATE_MS = 60_000
/** The most missed ticks that are made good at once: the newest. */
const CATCH_UP_MAX = 100
/** Missed ticks of one outage are counted up to here, so that a schedule of seconds does not cost a year's counting. */
const MISSED_COUNT_MAX = 1_000
/** The newest jobs of a schedule that are looked at for whether they overlap the next one. */
export const OPEN_JOBS_MAX = 20

/** What somebody declared, in the form in which it is kept and compared. */
export interface ScheduleSpec {
  /** Either this, with its time zone … */
  readonly cron: string | null
  readonly timeZone: string
  /** … or this: every so many ms from `startAt`, or from the moment of its creation. */
  readonly everyMs: number | null
  readonly task: string
  /** JSON text. */
  readonly payload: string
  readonly jitterMs: number
  readonly startAt: number | null
  readonly endAt: number | null
  readonly overlap: Overlap
  readonly catchUp: CatchUp
  /** What was said about its jobs: queue, priority and so on. */
  readonly options: Readonly<Record<string, unknown>>
}

/** A job of it, but for what a tick adds: its id, its payload, and when it is due. */
export type JobTemplate = Omit<NewJob, 'id' | 'payload' | 'delayMs' | 'runAt' | 'blocked' | 'ties'> & {
  /** Its limit key; those that were declared before there were any have none. */
  readonly limit?: string | null
}

/** A schedule as it is kept: a small document with compare-and-set. */
export interface ScheduleDocument {
  readonly spec: ScheduleSpec
  readonly job: JobTemplate
  /** Who declared it: the code of a program, or an operator. */
  readonly source: 'code' | 'operator'
  /** What the code says, where an operator decided otherwise; null: the same. */
  readonly declared: ScheduleSpec | null
  /** The operator who changed, or removed, what the code says. */
  readonly changedBy: string | null
  /** Removed by an operator, and kept so that the code does not bring it back by itself. */
  readonly removed: boolean
  readonly pausedAt: number | null
  readonly pausedBy: string | null
  readonly createdAt: number
  readonly updatedAt: number
  /** Everything up to here is decided. */
  readonly decidedUntil: number
  /** The next tick; null: there is none any more. */
  readonly nextAt: number | null
  readonly lastTickAt: number | null
  readonly lastJob: string | null
  /** Its newest jobs that may not be over, oldest first. */
  readonly open: readonly string[]
  readonly fired: number
  readonly skipped: number
  readonly missed: number
}

/** The ticks of a schedule. */
export interface Ticks {
  /** The first one after `after`, or null. */
  next(after: number): number | null
}

const crons = new Map<string, Cron>()
const CRONS_KEPT_MAX = 1_000

const cronOf = (expression: string, timeZone: string): Cron => {
  const key = `${timeZone} ${expression}`
  const known = crons.get(key)
  if (known !== undefined) return known
  const cron = createCron(expression, timeZone)
  if (crons.size >= CRONS_KEPT_MAX) crons.clear()
  crons.set(key, cron)
  return cron
}

/** @param createdAt the anchor of `every` when it has no start */
export const ticksOf = (
  spec: Pick<ScheduleSpec, 'cron' | 'timeZone' | 'everyMs' | 'startAt' | 'endAt'>,
  createdAt: number,
): Ticks => {
  const { cron, timeZone, everyMs, startAt, endAt } = spec
  const anchor = startAt ?? createdAt
  const every = (after: number): number => {
    const length = everyMs as number
    return after < anchor ? anchor : anchor + (Math.floor((after - anchor) / length) + 1) * length
  }
  const raw = cron === null ? every : cronOf(cron, timeZone).next
  return {
    next(after) {
      const tick = raw(Math.max(after, startAt === null ? after : startAt - 1))
      return endAt !== null && tick > endAt ? null : tick
    },
  }
}

export interface Due {
  /** To be fired, oldest first. */
  readonly ticks: readonly number[]
  /** Passed over because they were noticed too late; counted up to MISSED_COUNT_MAX. */
  readonly missed: number
  readonly nextAt: number | null
}

/**
 * The ticks in (after, now]. Those that are noticed in time are all fired. Of the late ones: with `none` not one, with
 * `all` the newest CATCH_UP_MAX, with `last` the newest, unless one that is in time makes it good.
 */
export const dueTicks = (ticks: Ticks, after: number, now: number, catchUp: CatchUp): Due => {
  const inTime = between(ticks, now - TICK_LATE_MS - 1, now, after)
  const lateUntil = now - TICK_LATE_MS - 1
  const counted = between(ticks, after, lateUntil, after, MISSED_COUNT_MAX)
  const keep = catchUp === 'all' ? CATCH_UP_MAX : catchUp === 'last' && inTime.length === 0 ? 1 : 0
  // Beyond the bound of the count, the newest are looked for from the other end.
  const late = counted.length < MISSED_COUNT_MAX ? counted : newest(ticks, after, lateUntil, keep)
  const madeGood = keep === 0 ? [] : late.slice(-keep)
  return {
    ticks: [...madeGood, ...inTime],
    missed: counted.length - madeGood.length,
    nextAt: ticks.next(now),
  }
}

/** Ticks in (from, to], none of them up to `after`, at most `max`. */
const between = (
  ticks: Ticks,
  from: number,
  to: number,
  after: number,
  max = Number.POSITIVE_INFINITY,
): number[] => {
  const found: number[] = []
  let tick = ticks.next(Math.max(from, after))
  while (tick !== null && tick <= to && found.length < max) {
    found.push(tick)
    tick = ticks.next(tick)
  }
  return found
}

/** The newest `count` ticks in (after, until]: looked for in windows that double. */
const newest = (ticks: Ticks, after: number, until: number, count: number): number[] => {
  for (let length = 60_000; ; length *= 2) {
    const from = until - length
    const found = between(ticks, from, until, after)
    if (found.length >= count || from <= after) return found.slice(-count)
  }
}

/** How much later than its tick a job is due: the same for every process that asks. */
export const jitterOf = (name: string, tick: number, jitterMs: number): number => {
  if (jitterMs === 0) return 0
  // FNV-1a, and a last stir so that ticks in a row lie far apart.
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(`${name}:${tick}`)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash ^= hash >>> 13
  return Math.floor(((hash >>> 0) / 2 ** 32) * jitterMs)
}

/** What the ticks that are due mean for jobs. */
export interface Firing {
  /** Ticks that get a job, oldest first. With `queue`, each waits for those before it. */
  readonly fire: readonly number[]
  /** Ticks that get none because a job of the schedule was not over. */
  readonly skipped: number
}

/** @param isBusy whether a job of the schedule is not over */
export const fireTicks = (ticks: readonly number[], overlap: Overlap, isBusy: boolean): Firing => {
  if (overlap === 'allow' || overlap === 'queue') return { fire: ticks, skipped: 0 }
  // Several at once would be in each other's way: with `skip` the first has its turn, with `cancelPrevious` the last.
  const fire = overlap === 'skip' ? (isBusy ? [] : ticks.slice(0, 1)) : ticks.slice(-1)
  return { fire, skipped: ticks.length - fire.length }
}

/** The names of what differs between what the code says and what holds; empty: nothing. */
export const driftOf = ({ spec, declared, removed }: ScheduleDocument): string[] => {
  if (removed) return ['removed']
  if (declared === null) return []
  const names = Object.keys({ ...spec, ...declared }) as (keyof ScheduleSpec)[]
  return names
    .filter((name) => JSON.stringify(spec[name]) !== JSON.stringify(declared[name]))
    .map((name) => SHOWN_AS[name] ?? name)
}
const SHOWN_AS: { readonly [N in keyof ScheduleSpec]?: string } = { everyMs: 'every', jitterMs: 'jitter' }
