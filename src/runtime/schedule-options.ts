import { type Duration, durationMs, runAtMs } from '../core/durations.ts'
import { encodeJson, JsonText } from '../core/json.ts'
import {
  CATCH_UPS,
  type CatchUp,
  type JobTemplate,
  OVERLAPS,
  type Overlap,
  type ScheduleSpec,
  ticksOf,
} from '../core/schedule.ts'
import { shown } from '../core/text.ts'
import { timeZoneOf } from '../core/time-zone.ts'
import { refuse, refuseUnknown } from './arguments.ts'
import type { AddOptions, Instant } from './options.ts'
import type { Prepare } from './prepare.ts'
import type { AnyTask } from './task.ts'

/** Payloads of schedules are kept in a document with a bound, beside those that the code declared. */
const SCHEDULE_PAYLOAD_BYTES_MAX = 32 * 1024
const EVERY_MIN_MS = 1_000
const JITTER_MAX_MS = 24 * 3_600_000

/** What may be said about the jobs of a schedule. */
export type ScheduledJobOptions = Pick<AddOptions, (typeof JOB_OPTIONS)[number]>
const JOB_OPTIONS = [
  ...(['queue', 'priority', 'maxRetries', 'backoff', 'timeout', 'deadline', 'lease'] as const),
  ...(['version', 'whenExhausted', 'group', 'limit', 'tags', 'metadata', 'ref'] as const),
] as const

export interface ScheduleOptions<Ref = string | AnyTask, Payload = unknown> extends ScheduledJobOptions {
  /**
   * Five fields (minute, hour, day, month, weekday), six with the seconds first, or @hourly, @daily, @midnight, @weekly,
   * @monthly, @yearly, @annually. Give this or `every`.
   */
  readonly cron?: string
  /** The IANA time zone in which `cron` is read. Default UTC. */
  readonly timeZone?: string
  /** From `startAt`, else from the creation of the schedule, by elapsed time; at least a second. */
  readonly every?: Duration
  readonly task: Ref
  readonly payload: Payload
  /** Spreads jobs over so long after their ticks. Default none; at most a day. */
  readonly jitter?: Duration
  readonly startAt?: Instant | null
  /** No tick after this moment. */
  readonly endAt?: Instant | null
  /**
   * What a tick means while a job of the schedule is not over: `skip` (default) none, `allow` a job all the same, `queue`
   * one that waits for it, `cancelPrevious` one in its place.
   */
  readonly overlap?: Overlap
  /** Which ticks are made good that nobody was there to fire for more than a minute: default the `last`. */
  readonly catchUp?: CatchUp
}
/** What is to be different; what is left out stays. */
export type ScheduleChange = Partial<ScheduleOptions<string>>

const NAMES: ReadonlySet<string> = new Set([
  ...['cron', 'timeZone', 'every', 'task', 'payload', 'jitter', 'startAt', 'endAt', 'overlap', 'catchUp'],
  ...JOB_OPTIONS,
])

const oneOf = <T extends string>(value: unknown, words: readonly T[], field: string): T =>
  words.find((word) => word === value) ?? refuse(field, `is ${shown(value)}; there are ${words.join(', ')}`)

const moment = (value: unknown, field: string): number | null =>
  value === null ? null : runAtMs(value, field)

const timingOf = (
  options: ScheduleChange,
  base: ScheduleSpec | null,
  of: (name: string) => string,
): Pick<ScheduleSpec, 'cron' | 'timeZone' | 'everyMs'> => {
  const { cron, every } = options
  if (cron !== undefined && every !== undefined)
    refuse(of('every'), 'is given together with cron; choose one')
  const timeZone = timeZoneOf(options.timeZone ?? base?.timeZone ?? 'UTC', of('timeZone')).name
  if (every !== undefined)
    return { cron: null, timeZone, everyMs: durationMs(every, of('every'), { min: EVERY_MIN_MS }) }
  if (cron !== undefined) return { cron, timeZone, everyMs: null }
  if (base === null) return refuse(of('cron'), 'is missing: give cron or every')
  return { cron: base.cron, timeZone, everyMs: base.everyMs }
}

/**
 * What is kept of what somebody declared. Everything is checked but what its job says, which `templateOf` does.
 * @param base what holds so far, for a change of it
 * @throws E_ARGUMENT, E_CRON, E_DURATION, E_TIME, E_JSON, E_TOO_LARGE naming the field
 */
export const specOf = (
  options: ScheduleChange | ScheduleOptions,
  base: ScheduleSpec | null,
  field = '',
): ScheduleSpec => {
  if (typeof options !== 'object' || options === null)
    refuse(field === '' ? 'options' : field, 'is not an object')
  const of = (name: string): string => (field === '' ? name : `${field}.${name}`)
  refuseUnknown(options, NAMES, field === '' ? 'options' : field)
  const { task, payload, jitter, startAt, endAt, overlap, catchUp } = options
  if (task === undefined && base === null) refuse(of('task'), 'is missing')
  const own = JOB_OPTIONS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]))
  // The version is that of the payload for its task; another task begins with its own.
  const { version: _, ...others } = base?.options ?? {}
  const kept = task === undefined ? base?.options : others
  const text = (value: unknown): string =>
    value instanceof JsonText
      ? value.text
      : encodeJson(value ?? null, of('payload'), SCHEDULE_PAYLOAD_BYTES_MAX)
  const spec: ScheduleSpec = {
    ...timingOf(options as ScheduleChange, base, of),
    task: task === undefined ? (base?.task ?? '') : typeof task === 'string' ? task : task.name,
    payload: payload === undefined && base !== null ? base.payload : text(payload),
    jitterMs:
      jitter === undefined ? (base?.jitterMs ?? 0) : durationMs(jitter, of('jitter'), { max: JITTER_MAX_MS }),
    startAt: startAt === undefined ? (base?.startAt ?? null) : moment(startAt, of('startAt')),
    endAt: endAt === undefined ? (base?.endAt ?? null) : moment(endAt, of('endAt')),
    overlap: overlap === undefined ? (base?.overlap ?? 'skip') : oneOf(overlap, OVERLAPS, of('overlap')),
    catchUp: catchUp === undefined ? (base?.catchUp ?? 'last') : oneOf(catchUp, CATCH_UPS, of('catchUp')),
    options: { ...kept, ...(JSON.parse(JSON.stringify(Object.fromEntries(own))) as object) },
  }
  if (spec.startAt !== null && spec.endAt !== null && spec.endAt < spec.startAt)
    refuse(of('endAt'), 'is before startAt')
  // Refuses an expression that is wrong or never fires.
  const ticks = ticksOf(spec, 0)
  if (spec.startAt !== null && ticks.next(spec.startAt - 1) === null)
    refuse(of('endAt'), `leaves no tick: ${shown(spec.cron)} does not fire from startAt until then`)
  return spec
}

/** Its job, checked and made ready as add does it. @throws what add throws */
export const templateOf = async (
  prepare: Prepare,
  spec: ScheduleSpec,
  task: string | AnyTask = spec.task,
): Promise<JobTemplate> => {
  const payload = new JsonText(spec.payload, 'payload', SCHEDULE_PAYLOAD_BYTES_MAX)
  const job = await prepare(task, payload, spec.options as AddOptions)
  const { id: _id, payload: _payload, delayMs: _delay, runAt: _at, blocked: _blocked, ties, ...rest } = job
  return ties?.limit == null ? rest : { ...rest, limit: ties.limit }
}
