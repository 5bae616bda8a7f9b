import { type Duration, durationMs } from '../core/durations.ts'
import { type Gate, gateKey, groupGate, groupOf } from '../core/gates.ts'
import type { LimitSetting } from '../core/job.ts'
import { DECLARED_LIMITS_MAX, LIMIT_CONCURRENCY_MAX, RATE_MAX, WEIGHT_MAX } from '../core/limits.ts'
import { checkKey, checkName } from '../core/names.ts'
import { shown } from '../core/text.ts'
import { checkWhole, refuse, refuseUnknown } from './arguments.ts'
import type { AnyTask } from './task.ts'

/** What somebody says about limits, checked and turned into what a store keeps. */

/**
 * What is bounded or stopped: the jobs of a queue, of a task, of a group of a queue, of every group of a queue (each by
 * itself, those excepted that have a setting of their own), or those with a limit key.
 */
export type LimitTarget =
  | { readonly queue: string }
  | { readonly queue: string; readonly group: string }
  | { readonly queue: string; readonly groups: true }
  | { readonly task: string }
  | { readonly key: string }

/** What bounds it. What is left out is not bounded. */
export interface LimitBounds {
  /** Jobs that run at the same time, in all processes together; 0 lets none begin. */
  readonly concurrency?: number | undefined
  /** So many claims, at most, in any stretch of this length. Up to 10,000. */
  readonly rate?: { readonly max: number; readonly per: Duration } | undefined
  /** For a group, or every group of a queue: turns that it has while a group of weight 1 has one. 1 … 1,000. */
  readonly weight?: number | undefined
}
/** One limit as code declares it. */
export type DeclaredLimit = LimitTarget & LimitBounds

export type Bounds = Pick<LimitSetting, 'concurrency' | 'rate' | 'weight'>

export const NO_BOUNDS: Bounds = { concurrency: null, rate: null, weight: null }

const TARGET_NAMES = ['queue', 'group', 'groups', 'task', 'key'] as const
const BOUND_NAMES = ['concurrency', 'rate', 'weight'] as const
const TARGETS: ReadonlySet<string> = new Set(TARGET_NAMES)
const BOUNDS: ReadonlySet<string> = new Set(BOUND_NAMES)
const DECLARED: ReadonlySet<string> = new Set([...TARGET_NAMES, ...BOUND_NAMES])
const RATE_NAMES: ReadonlySet<string> = new Set(['max', 'per'])

const object = (value: unknown, field: string): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : refuse(field, `is ${shown(value)}, not an object`)

const gateIn = (given: Readonly<Record<string, unknown>>, of: (name: string) => string): Gate => {
  const { queue, group, groups, task, key } = given
  const count = [queue, task, key].filter((one) => one !== undefined).length
  if (count === 0) return refuse(of('queue'), 'is missing: give queue, task or key')
  if (count > 1)
    return refuse(
      of(queue === undefined ? 'key' : task === undefined ? 'key' : 'task'),
      'is one too many: give queue, task or key',
    )
  if (queue === undefined && (group ?? groups) !== undefined)
    return refuse(of('queue'), 'is missing: a group is one of a queue')
  if (task !== undefined) return { scope: 'task', name: checkName(task, of('task')) }
  if (key !== undefined) return { scope: 'key', name: checkKey(key, of('key')) }
  const name = checkName(queue, of('queue'))
  if (groups !== undefined && groups !== true) refuse(of('groups'), `is ${shown(groups)}, not true`)
  if (group !== undefined && groups !== undefined)
    refuse(of('groups'), 'is given together with group; choose one')
  if (group !== undefined) return groupGate(name, checkName(group, of('group')))
  return { scope: groups === true ? 'groups' : 'queue', name }
}

const within = (field: string) => (name: string) => (field === '' ? name : `${field}.${name}`)

/** @throws E_ARGUMENT, E_NAME naming the field */
export const gateOf = (target: unknown, field = ''): Gate => {
  const given = object(target, field === '' ? 'target' : field)
  refuseUnknown(given, TARGETS, field === '' ? 'target' : field)
  return gateIn(given, within(field))
}

/** The other way round: what a limit of the store is about, as callers name it. */
export const targetOf = ({ scope, name }: Gate): LimitTarget => {
  if (scope === 'task') return { task: name }
  if (scope === 'key') return { key: name }
  if (scope === 'group') return groupOf(name)
  return scope === 'groups' ? { queue: name, groups: true } : { queue: name }
}

const rateOf = (rate: unknown, field: string): Bounds['rate'] => {
  if (rate === undefined || rate === null) return null
  const given = object(rate, field)
  refuseUnknown(given, RATE_NAMES, field)
  return {
    max: checkWhole(given['max'], `${field}.max`, 1, RATE_MAX),
    perMs: durationMs(given['per'], `${field}.per`, { min: 1 }),
  }
}

const boundsIn = (
  { concurrency, rate, weight }: Readonly<Record<string, unknown>>,
  { scope }: Gate,
  of: (name: string) => string,
): Bounds => {
  const isGiven = (value: unknown): boolean => value !== undefined && value !== null
  if (isGiven(weight) && scope !== 'group' && scope !== 'groups')
    refuse(of('weight'), 'is for groups: only they take turns')
  if (![concurrency, rate, weight].some(isGiven))
    refuse(of('concurrency'), 'is missing: give concurrency, rate or weight')
  return {
    concurrency: isGiven(concurrency)
      ? checkWhole(concurrency, of('concurrency'), 0, LIMIT_CONCURRENCY_MAX)
      : null,
    rate: rateOf(rate, of('rate')),
    weight: isGiven(weight) ? checkWhole(weight, of('weight'), 1, WEIGHT_MAX) : null,
  }
}

/** @throws E_ARGUMENT, E_DURATION naming the field */
export const boundsOf = (bounds: unknown, gate: Gate, field = ''): Bounds => {
  const given = object(bounds, field === '' ? 'limits' : field)
  refuseUnknown(given, BOUNDS, field === '' ? 'limits' : field)
  return boundsIn(given, gate, within(field))
}

/** A limit that says both at once. @throws E_ARGUMENT, E_DURATION, E_NAME naming the field */
const declaredOf = (limit: unknown, field: string): { readonly gate: Gate; readonly bounds: Bounds } => {
  const given = object(limit, field)
  refuseUnknown(given, DECLARED, field)
  const gate = gateIn(given, within(field))
  return { gate, bounds: boundsIn(given, gate, within(field)) }
}

/**
 * What the code of a program declares: its limits, and those that its tasks bring. Each about something else.
 * @throws E_ARGUMENT, E_DURATION, E_NAME naming the field
 */
export const declaredLimits = (
  limits: readonly DeclaredLimit[] | undefined,
  tasks: ReadonlyMap<string, AnyTask>,
): { readonly gate: Gate; readonly bounds: Bounds }[] => {
  if (limits !== undefined && !Array.isArray(limits)) refuse('limits', `is ${shown(limits)}, not an array`)
  const own = (limits ?? []).map((limit, i) => declaredOf(limit, `limits[${i}]`))
  const ofTasks = [...tasks.values()].flatMap(({ name, limits: bounds }) => {
    const gate: Gate = { scope: 'task', name }
    return bounds === undefined ? [] : [{ gate, bounds: boundsOf(bounds, gate, `task ${name}: limits`) }]
  })
  const all = [...own, ...ofTasks]
  if (all.length > DECLARED_LIMITS_MAX)
    refuse('limits', `has ${all.length} limits; ${DECLARED_LIMITS_MAX} is the most that code declares`)
  const twice = all.find(({ gate }, i) => all.findIndex((one) => gateKey(one.gate) === gateKey(gate)) < i)
  if (twice !== undefined) refuse('limits', `says twice what bounds ${gateKey(twice.gate)}`)
  return all
}
