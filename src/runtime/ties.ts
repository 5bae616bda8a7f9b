import { durationMs, runAtMs } from '../core/durations.ts'
import type { JobTies, OnParentFailure, Parent } from '../core/job.ts'
import { KEY_LENGTH_MAX, PARENTS_MAX } from '../core/limits.ts'
import { checkKey, checkName } from '../core/names.ts'
import { shown } from '../core/text.ts'
import { checkId, checkText, refuse, refuseUnknown } from './arguments.ts'
import type { AddOptions, After, KeyOptions, OnConflict } from './options.ts'

/** What the options of an add say about other jobs: its key, the jobs that it comes after, its batch. */

const KEY_NAMES: ReadonlySet<string> = new Set([
  ...['key', 'scope', 'while', 'until', 'window', 'onConflict'],
])
const CONFLICTS: readonly OnConflict[] = ['keep', 'reject', 'replace', 'reschedule', 'runAfter']
const FAILURES: readonly OnParentFailure[] = ['cancel', 'run', 'hold']

const NOTHING: JobTies = {
  keyUntil: 'finish',
  keyMs: null,
  keyFrom: null,
  parents: [],
  batch: null,
  dueMs: null,
  dueAt: null,
}

const oneOf = <T extends string>(value: unknown, words: readonly T[], field: string): T =>
  words.find((word) => word === value) ?? refuse(field, `is ${shown(value)}; there are ${words.join(', ')}`)

/** Where the job is: what a key may be confined to. */
export interface Scope {
  readonly task: string
  readonly queue: string
  readonly group: string | null
}

/** The key as it is stored: its scope is a part of it, so that stores need not know of scopes. */
const scoped = (
  key: string,
  scope: KeyOptions['scope'],
  { task, queue, group }: Scope,
  field: string,
): string => {
  const word = oneOf(scope ?? 'all', ['all', 'task', 'queue', 'group'], `${field}.scope`)
  if (word === 'all') return key
  if (word === 'group' && group === null) refuse(`${field}.scope`, 'is "group", but the job has none')
  const of = word === 'task' ? task : word === 'queue' ? queue : `${queue}/${group}`
  return checkText(`${word}:${of}:${key}`, `${field}.key`, KEY_LENGTH_MAX)
}

interface KeyTies {
  readonly key: string | null
  readonly until: JobTies['keyUntil']
  readonly ms: number | null
}

const untilOf = ({ while: during, until }: KeyOptions, field: string): JobTies['keyUntil'] | number => {
  if (during !== undefined && until !== undefined)
    refuse(`${field}.while`, 'is given together with until; choose one')
  if (during !== undefined) {
    return oneOf(during, ['waiting', 'unfinished'], `${field}.while`) === 'waiting' ? 'start' : 'finish'
  }
  if (until === undefined || until === 'finish') return 'finish'
  return until === 'start' ? 'start' : durationMs(until, `${field}.until`, { min: 1 })
}

const keyOf = (key: AddOptions['key'], scope: Scope, field: string): KeyTies => {
  if (key === undefined) return { key: null, until: 'finish', ms: null }
  if (typeof key !== 'object' || key === null) return { key: checkKey(key, field), until: 'finish', ms: null }
  refuseUnknown(key, KEY_NAMES, field)
  const until = untilOf(key, field)
  const windowMs = key.window === undefined ? null : durationMs(key.window, `${field}.window`, { min: 1 })
  if (typeof until === 'number' && windowMs !== null)
    refuse(`${field}.window`, 'is given together with a length for until; choose one')
  return {
    key: scoped(checkKey(key.key, `${field}.key`), key.scope, scope, field),
    until: typeof until === 'number' ? 'time' : until,
    ms: typeof until === 'number' ? until : windowMs,
  }
}

/** What to do when the key of these options is taken. */
export const conflictOf = ({ key }: AddOptions, field = ''): OnConflict => {
  if (typeof key !== 'object' || key === null || key.onConflict === undefined) return 'keep'
  return oneOf(key.onConflict, CONFLICTS, `${field}key.onConflict`)
}

const parentOf = (after: Exclude<After, readonly unknown[]>, field: string): Parent => {
  if (typeof after === 'string') return { id: checkId(after, field), name: null, onFailure: 'cancel' }
  if (typeof after !== 'object' || after === null) return refuse(field, 'is neither an id nor a job')
  const { id, name, onParentFailure } = after
  return {
    id: checkId(id, `${field}.id`),
    name: name === undefined ? null : checkName(name, `${field}.name`),
    onFailure:
      onParentFailure === undefined ? 'cancel' : oneOf(onParentFailure, FAILURES, `${field}.onParentFailure`),
  }
}

const parentsOf = (after: After | undefined, field: string): Parent[] => {
  if (after === undefined) return []
  const list = (Array.isArray(after) ? after : [after]) as readonly Exclude<After, readonly unknown[]>[]
  if (list.length > PARENTS_MAX)
    refuse(field, `has ${list.length} jobs; ${PARENTS_MAX} are the limit (a batch has none)`)
  const parents = list.map((one, i) => parentOf(one, Array.isArray(after) ? `${field}[${i}]` : field))
  const twice = parents.find(({ id }, i) => parents.findIndex((other) => other.id === id) < i)
  if (twice !== undefined) refuse(field, `names job ${twice.id} twice`)
  return parents
}

/**
 * The key of a job and its ties; null where it has none.
 * @param deadlineMs of the whole job: its own, or its task's
 */
export const tiesOf = (
  options: AddOptions,
  scope: Scope,
  field: string,
  deadlineMs: number | null,
): { readonly key: string | null; readonly ties: JobTies | null } => {
  const { after, batch, expiresAt, expiresIn, tx } = options
  if (expiresAt !== undefined && expiresIn !== undefined)
    refuse(`${field}expiresIn`, 'is given together with expiresAt; choose one')
  const { key, until, ms } = keyOf(options.key, scope, `${field}key`)
  conflictOf(options, field)
  const expiresMs = expiresIn === undefined ? null : durationMs(expiresIn, `${field}expiresIn`, { min: 1 })
  // A store that adds in a caller's transaction knows nothing of ties; the worker knows the deadline all the same.
  const lengths = [expiresMs, tx === undefined ? deadlineMs : null].filter((length) => length !== null)
  const dueMs = lengths.length === 0 ? null : Math.min(...lengths)
  const isPlain =
    until === 'finish' && ms === null && dueMs === null && (after ?? batch ?? expiresAt) === undefined
  if (isPlain) return { key, ties: null }
  return {
    key,
    ties: {
      ...NOTHING,
      keyUntil: until,
      keyMs: ms,
      parents: parentsOf(after, `${field}after`),
      batch: batch === undefined ? null : checkId(batch, `${field}batch`),
      dueMs,
      dueAt: expiresAt === undefined ? null : runAtMs(expiresAt, `${field}expiresAt`),
    },
  }
}

/** The store tells of a job that was not begun so long after its add. */
export const overdueAfter = (dueMs: number): JobTies => ({ ...NOTHING, dueMs })

/** A job that is to run when another one has finished, and has its key from now on. */
export const behind = (ties: JobTies | null, holder: string): JobTies => ({
  ...(ties ?? NOTHING),
  keyFrom: holder,
  parents: [
    ...(ties?.parents ?? []).filter(({ id }) => id !== holder),
    { id: holder, name: null, onFailure: 'run' },
  ],
})
