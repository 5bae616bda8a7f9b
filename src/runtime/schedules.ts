import { PosthasteError } from '../core/errors.ts'
import { ENGINE_BATCH_MAX } from '../core/limits.ts'
import { checkName } from '../core/names.ts'
import {
  driftOf,
  type JobTemplate,
  OPEN_JOBS_MAX,
  type ScheduleDocument,
  type ScheduleSpec,
  ticksOf,
} from '../core/schedule.ts'
import { taskVersion } from '../core/task-name.ts'
import { type AddedJob, addedJob } from './added.ts'
import { checkText } from './arguments.ts'
import type { ControlOptions } from './control.ts'
import type { RuntimeDeps } from './deps.ts'
import type { Prepare } from './prepare.ts'
import { type ScheduleChange, type ScheduleOptions, specOf, templateOf } from './schedule-options.ts'
import { type Schedule, toSchedule } from './schedule-view.ts'
import type { AnyTask } from './task.ts'
import { readSchedule, SCHEDULES, type StoredSchedule, scheduledJob, writeSchedule } from './ticker.ts'

export interface Schedules {
  /** Creates a schedule as an operator does. @throws E_SCHEDULE_EXISTS, and what `ph.schedule` throws */
  create(name: string, options: ScheduleOptions, control?: ControlOptions): Promise<Schedule>
  /** The same, or in the place of the one that is there. Ticks and counts of that one are kept. */
  put(name: string, options: ScheduleOptions, control?: ControlOptions): Promise<Schedule>
  /** The schedule, or null when there is none. */
  get(name: string): Promise<Schedule | null>
  /** By name, up to 1,000 behind `after`. */
  list(options?: { readonly after?: string }): Promise<Schedule[]>
  /** Changes what is given; `startAt: null` and `endAt: null` take a bound away. @throws E_SCHEDULE_MISSING */
  update(name: string, change: ScheduleChange, control?: ControlOptions): Promise<Schedule>
  /** No ticks from now on; those of the pause are not made good. Safe to repeat. @throws E_SCHEDULE_MISSING */
  pause(name: string, control?: ControlOptions): Promise<Schedule>
  resume(name: string, control?: ControlOptions): Promise<Schedule>
  /** Adds a job now, whatever its ticks, its pause and its overlap say; the ticks stay. @throws E_SCHEDULE_MISSING */
  run(name: string, control?: ControlOptions): Promise<AddedJob>
  /** Answers whether there was one. One that code declared stays away until `reset`, `create` or `put`. */
  remove(name: string, control?: ControlOptions): Promise<boolean>
  /** Takes what the code says again. @throws E_SCHEDULE_MISSING, E_STATE when no code declared it */
  reset(name: string, control?: ControlOptions): Promise<Schedule>
}

export interface OwnSchedules extends Schedules {
  /** What the code of a program says. */
  declare(name: string, options: ScheduleOptions): Promise<Schedule>
}

export interface SchedulesDeps extends Pick<RuntimeDeps, 'engine' | 'logger' | 'events' | 'newId'> {
  readonly prepare: Prepare
  readonly maxRetriesOf: (task: string) => number | undefined
}

/** A schedule that changes under us is read and judged again this often. */
const ROUNDS_MAX = 20
const WHO_DEFAULT = 'library'
const WHO_LENGTH_MAX = 128

const whoOf = ({ by }: ControlOptions = {}): string =>
  by === undefined ? WHO_DEFAULT : checkText(by, 'by', WHO_LENGTH_MAX)

const isSame = (a: ScheduleSpec, b: ScheduleSpec): boolean => JSON.stringify(a) === JSON.stringify(b)

const missing = (name: string): PosthasteError =>
  new PosthasteError('E_SCHEDULE_MISSING', `There is no schedule ${name}.`, { field: 'name' })

const nextAfter = (spec: ScheduleSpec, createdAt: number, now: number): number | null =>
  ticksOf(spec, createdAt).next(now)

interface Ordered {
  readonly spec: ScheduleSpec
  readonly job: JobTemplate
  readonly at: number
}

const fresh = ({ spec, job, at }: Ordered, source: ScheduleDocument['source']): ScheduleDocument => ({
  ...{ spec, job, source, declared: null, changedBy: null, removed: false, pausedAt: null, pausedBy: null },
  ...{ createdAt: at, updatedAt: at, decidedUntil: at, nextAt: nextAfter(spec, at, at) },
  ...{ lastTickAt: null, lastJob: null, open: [], fired: 0, skipped: 0, missed: 0 },
})

/** With another plan, ticks count from now on; with the same one, those that are due stay due. */
const respecified = (document: ScheduleDocument, { spec, job, at }: Ordered): ScheduleDocument => {
  const plan = ({ cron, timeZone, everyMs, startAt, endAt }: ScheduleSpec): string =>
    JSON.stringify([cron, timeZone, everyMs, startAt, endAt])
  const moved =
    plan(spec) === plan(document.spec)
      ? {}
      : { decidedUntil: at, nextAt: nextAfter(spec, document.createdAt, at) }
  return { ...document, ...moved, spec, job, updatedAt: at }
}

/** An operator's change: what the code says is kept beside it, so that both can be told apart. */
const byOperator = (document: ScheduleDocument, ordered: Ordered, by: string): ScheduleDocument => {
  const next = respecified(document, ordered)
  if (document.source === 'operator') return next
  const declared = document.declared ?? document.spec
  return isSame(declared, ordered.spec)
    ? { ...next, declared: null, changedBy: null }
    : { ...next, declared, changedBy: by }
}

/** What the code says where an operator decided otherwise, or declared it first, is noted and not carried out. */
const byCode = (document: ScheduleDocument, ordered: Ordered): ScheduleDocument | null => {
  const { spec, job } = ordered
  if (isSame(document.spec, spec) && !document.removed) {
    const isKnown = document.source === 'code' && document.declared === null
    if (isKnown && JSON.stringify(document.job) === JSON.stringify(job)) return null
    return { ...document, source: 'code', declared: null, changedBy: null, job }
  }
  const isOperators = document.removed || document.declared !== null || document.source === 'operator'
  if (!isOperators) return respecified(document, ordered)
  if (document.declared !== null && isSame(document.declared, spec)) return null
  return { ...document, source: 'code', declared: spec, changedBy: document.changedBy ?? 'an operator' }
}

export const createSchedules = (deps: SchedulesDeps): OwnSchedules => {
  const { engine, logger, events, newId, prepare } = deps

  const read = async (name: string): Promise<StoredSchedule | null> => {
    const [record] = await engine.getRecords([{ collection: SCHEDULES, key: name }])
    return record ? readSchedule(record) : null
  }

  const view = async (all: readonly { name: string; document: ScheduleDocument }[]): Promise<Schedule[]> => {
    const ids = all.flatMap(({ document }) => document.lastJob ?? [])
    const [now, jobs] = await Promise.all([engine.now(), ids.length === 0 ? [] : engine.get(ids)])
    const known = new Map(ids.map((id, i) => [id, jobs[i] ?? null]))
    return all.map(({ name, document }) =>
      toSchedule(name, document, now, known.get(document.lastJob ?? '') ?? null),
    )
  }
  const one = async (name: string, document: ScheduleDocument): Promise<Schedule> =>
    (await view([{ name, document }]))[0] as Schedule

  /** Writes what `change` makes of it; nobody comes in between. Null: nothing to write, or to be removed for good. */
  const write = async (
    name: string,
    change: (now: ScheduleDocument | null, at: number) => Promise<ScheduleDocument | null>,
  ): Promise<ScheduleDocument | null> => {
    checkName(name, 'name')
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const [stored, at] = [await read(name), await engine.now()]
      const document = await change(stored?.document ?? null, at)
      if (document === null) return stored?.document ?? null
      const [verdict] = await engine.putRecords([writeSchedule(stored ?? { name, version: 0 }, document)])
      if (verdict?.status === 'ok') return document
    }
    throw new PosthasteError('E_CONFLICT', `Schedule ${name} kept changing.`)
  }

  /** A change of one that is there. */
  const change = async (
    name: string,
    by: string,
    what: string,
    make: (
      document: ScheduleDocument,
      at: number,
    ) => Promise<ScheduleDocument | null> | ScheduleDocument | null,
  ): Promise<Schedule> => {
    const written = await write(name, async (document, at) => {
      if (document === null || document.removed) throw missing(name)
      return make(document, at)
    })
    logger.info({ schedule: name, by }, `schedule ${what}`)
    return one(name, written as ScheduleDocument)
  }

  /** The version of the payload is kept: who changes the schedule later may know another one, or not know the task. */
  const versioned = async (spec: ScheduleSpec, task?: string | AnyTask) => {
    const job = await templateOf(prepare, spec, task)
    const { version } = taskVersion(job.task)
    return { spec: version === 1 ? spec : { ...spec, options: { ...spec.options, version } }, job }
  }
  const asKept = (spec: ScheduleSpec) =>
    templateOf(prepare, { ...spec, options: { version: 1, ...spec.options } })

  const declareAs = async (
    name: string,
    options: ScheduleOptions,
    make: (document: ScheduleDocument | null, ordered: Ordered) => ScheduleDocument | null,
  ): Promise<ScheduleDocument> => {
    const { spec, job } = await versioned(specOf(options, null), options.task)
    return (await write(name, async (document, at) => make(document, { spec, job, at }))) as ScheduleDocument
  }

  const create = async (
    name: string,
    options: ScheduleOptions,
    control: ControlOptions | undefined,
    isReplacing: boolean,
  ): Promise<Schedule> => {
    const by = whoOf(control)
    const written = await declareAs(name, options, (document, ordered) => {
      if (document === null) return fresh(ordered, 'operator')
      // What was removed is begun anew; that the code declared it once is remembered.
      if (document.removed)
        return byOperator({ ...fresh(ordered, document.source), ...memory(document) }, ordered, by)
      if (isReplacing) return byOperator(document, ordered, by)
      throw new PosthasteError('E_SCHEDULE_EXISTS', `There is a schedule ${name} already.`, { field: 'name' })
    })
    logger.info({ schedule: name, by }, 'schedule created or replaced')
    return one(name, written)
  }
  const memory = ({ spec, declared, changedBy }: ScheduleDocument) => ({
    declared: declared ?? spec,
    changedBy,
  })

  return {
    async declare(name, options) {
      const written = await declareAs(name, options, (document, ordered) =>
        document === null ? fresh(ordered, 'code') : byCode(document, ordered),
      )
      const drift = driftOf(written)
      if (drift.length > 0)
        logger.warn(
          { schedule: name, differs: drift, by: written.changedBy },
          'a schedule is not as the code says, because an operator decided so; reset it to take the code again',
        )
      return one(name, written)
    },
    create: (name, options, control) => create(name, options, control, false),
    put: (name, options, control) => create(name, options, control, true),
    async get(name) {
      const stored = await read(checkName(name, 'name'))
      return stored === null || stored.document.removed ? null : one(name, stored.document)
    },
    async list({ after } = {}) {
      const records = await engine.listRecords({
        ...{ collection: SCHEDULES, prefix: '', after: after ?? null, limit: ENGINE_BATCH_MAX },
      })
      return view(records.map(readSchedule).filter(({ document }) => !document.removed))
    },
    update: (name, wanted, control) => {
      const by = whoOf(control)
      return change(name, by, 'changed', async (document, at) => {
        const spec = specOf(wanted, document.spec)
        const ordered = wanted.task === undefined ? { spec, job: await asKept(spec) } : await versioned(spec)
        return byOperator(document, { ...ordered, at }, by)
      })
    },
    pause: (name, control) => {
      const by = whoOf(control)
      return change(name, by, 'paused', (document, at) =>
        document.pausedAt === null ? { ...document, pausedAt: at, pausedBy: by, updatedAt: at } : null,
      )
    },
    resume: (name, control) =>
      change(name, whoOf(control), 'resumed', (document, at) => {
        if (document.pausedAt === null) return null
        const nextAt = nextAfter(document.spec, document.createdAt, at)
        return { ...document, pausedAt: null, pausedBy: null, updatedAt: at, decidedUntil: at, nextAt }
      }),
    async run(name, control) {
      const by = whoOf(control)
      checkName(name, 'name')
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const stored = await read(name)
        if (stored === null || stored.document.removed) throw missing(name)
        const { document } = stored
        const job = scheduledJob(name, document, newId(), { tick: null })
        const open = [...document.open, job.id].slice(-OPEN_JOBS_MAX)
        const records = [writeSchedule(stored, { ...document, open, lastJob: job.id })]
        const { recordsOk, now } = await engine.insert([job], { records })
        if (!recordsOk) continue
        const added = addedJob(job, now, deps.maxRetriesOf(job.task))
        logger.info({ schedule: name, job: job.id, by }, 'schedule run by hand')
        events.emit('added', added)
        return added
      }
      throw new PosthasteError('E_CONFLICT', `Schedule ${name} kept changing.`)
    },
    async remove(name, control) {
      const by = whoOf(control)
      checkName(name, 'name')
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const stored = await read(name)
        if (stored === null || stored.document.removed) return false
        const { source, declared, spec } = stored.document
        const left: ScheduleDocument = {
          ...{ ...stored.document, removed: true, changedBy: by, declared: declared ?? spec, nextAt: null },
        }
        const gone = { ...writeSchedule(stored, left), ...(source === 'code' ? {} : { value: null }) }
        const [verdict] = await engine.putRecords([gone])
        if (verdict?.status !== 'ok') continue
        logger.info({ schedule: name, by }, 'schedule removed')
        return true
      }
      throw new PosthasteError('E_CONFLICT', `Schedule ${name} kept changing.`)
    },
    async reset(name, control) {
      const by = whoOf(control)
      const written = await write(name, async (document, at) => {
        if (document === null) throw missing(name)
        if (document.source !== 'code')
          throw new PosthasteError('E_STATE', `No code declared schedule ${name}.`, { field: 'name' })
        const spec = document.declared ?? document.spec
        const ordered = { spec, job: await asKept(spec), at }
        const own = { declared: null, changedBy: null, removed: false }
        return document.removed
          ? { ...fresh(ordered, 'code'), createdAt: document.createdAt }
          : { ...respecified(document, ordered), ...own }
      })
      logger.info({ schedule: name, by }, 'schedule reset to what the code says')
      return one(name, written as ScheduleDocument)
    },
  }
}
