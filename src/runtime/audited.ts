import type { Audit, AuditNote } from './audit.ts'
import type { Controlled } from './carry-out.ts'
import type { Control, ControlOptions, PauseTargets } from './control.ts'
import type { Limits } from './limits.ts'
import type { Schedules } from './schedules.ts'

/**
 * The operators' verbs, each of which is written down. Whatever door calls them, this is where it passes: what they do
 * knows nothing of it.
 */

const WHO_DEFAULT = 'library'

const whoOf = (options: ControlOptions | undefined): string => {
  const by: unknown = options?.by
  return typeof by === 'string' ? by : WHO_DEFAULT
}

const many = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string')

/** What became of a list of jobs; one job alone throws when it is refused. */
const refusals = (answer: unknown): Pick<AuditNote, 'refused' | 'error'> => {
  if (!Array.isArray(answer)) return {}
  const refused = (answer as Controlled[]).flatMap((one) => (one.ok ? [] : one.error))
  const [first] = refused
  return first === undefined
    ? {}
    : { refused: refused.length, error: { code: first.code, message: first.message } }
}

/** What was said beside who acts. */
const detailsOf = (options: object | undefined): Readonly<Record<string, unknown>> => {
  const { reason, to, priority } = (options ?? {}) as Record<string, unknown>
  return Object.fromEntries(Object.entries({ reason, to, priority }).filter(([, said]) => said !== undefined))
}

const VERBS = ['cancel', 'retry', 'remove', 'runNow', 'setPriority', 'resolve'] as const
const QUEUE_VERBS = ['pause', 'resume'] as const

export const auditControl = (control: Control, audit: Audit): Control => {
  const acts = VERBS.map((action) => [
    action,
    (ids: unknown, options?: ControlOptions) =>
      audit.noting(
        { by: whoOf(options), action, jobs: many(ids), details: detailsOf(options) },
        () => (control[action] as (ids: unknown, options?: unknown) => Promise<unknown>)(ids, options),
        refusals,
      ),
  ])
  const switches = QUEUE_VERBS.map((action) => [
    action,
    (targets: PauseTargets, options?: ControlOptions) => {
      const others = [targets].flat().filter((target) => typeof target !== 'string')
      const details = others.length === 0 ? {} : { targets: others }
      return audit.noting({ by: whoOf(options), action, queues: many(targets), details }, () =>
        control[action](targets, options),
      )
    },
  ])
  return { ...control, ...Object.fromEntries([...acts, ...switches]) } as Control
}

export const auditLimits = (limits: Limits, audit: Audit): Limits => {
  const noting = <T>(
    action: string,
    options: ControlOptions | undefined,
    details: Readonly<Record<string, unknown>>,
    work: () => Promise<T>,
  ): Promise<T> => audit.noting({ by: whoOf(options), action: `limit.${action}`, details }, work)
  return {
    ...limits,
    set: (target, bounds, options) =>
      noting('set', options, { target, bounds }, () => limits.set(target, bounds, options)),
    remove: (target, options) => noting('remove', options, { target }, () => limits.remove(target, options)),
    reset: (target, options) => noting('reset', options, { target }, () => limits.reset(target, options)),
  }
}

export const auditSchedules = (schedules: Schedules, audit: Audit): Schedules => {
  const noting = <T>(
    action: string,
    name: unknown,
    control: ControlOptions | undefined,
    work: () => Promise<T>,
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<T> =>
    audit.noting({ by: whoOf(control), action: `schedule.${action}`, schedule: String(name), details }, work)
  /** Which parts of the plan were given. A payload may be large, and is nobody's business here. */
  const plan = (options: unknown): Readonly<Record<string, unknown>> => {
    const { cron, timeZone, every, overlap, catchUp } = Object(options) as Record<string, unknown>
    const given = Object.entries({ cron, timeZone, every, overlap, catchUp })
    return Object.fromEntries(given.filter(([, value]) => ['string', 'number'].includes(typeof value)))
  }
  return {
    ...schedules,
    create: (name, options, by) =>
      noting('create', name, by, () => schedules.create(name, options, by), plan(options)),
    put: (name, options, by) =>
      noting('put', name, by, () => schedules.put(name, options, by), plan(options)),
    update: (name, change, by) =>
      noting('update', name, by, () => schedules.update(name, change, by), plan(change)),
    pause: (name, by) => noting('pause', name, by, () => schedules.pause(name, by)),
    resume: (name, by) => noting('resume', name, by, () => schedules.resume(name, by)),
    run: (name, by) => noting('run', name, by, () => schedules.run(name, by)),
    remove: (name, by) => noting('remove', name, by, () => schedules.remove(name, by)),
    reset: (name, by) => noting('reset', name, by, () => schedules.reset(name, by)),
  }
}
