import type { JobRecord, LimitScope } from '../../core/job.ts'
import type { LimitRow, LimitWrite } from '../engine.ts'
import { NUL, numberOrNull, orEmpty, orNull } from './text.ts'

/** Settings of limits, and how a group and a limit key are one field of a lane: see lua/include/gates.lua and lines.lua. */

const LETTERS: Readonly<Record<LimitScope, string>> = {
  queue: 'q',
  task: 't',
  group: 'g',
  groups: 'G',
  key: 'k',
}
const SCOPES = new Map(Object.entries(LETTERS).map(([scope, letter]) => [letter, scope as LimitScope]))

/** Number of settings, and each: its gate, version expected, limits, weight, who stopped it, by whom it is written. */
export const limitArguments = (writes: readonly LimitWrite[]): string[] => {
  const args = [String(writes.length)]
  for (const { scope, name, expect, concurrency, rate, weight, pausedBy, by } of writes) {
    const numbers = [expect, concurrency, rate?.max, rate?.perMs, weight]
    args.push(LETTERS[scope] + name, ...numbers.map((number) => String(number ?? '')), orEmpty(pausedBy), by)
  }
  return args
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const FIELDS = 4

export const toLimits = (reply: readonly string[]): LimitRow[] => {
  const rows: LimitRow[] = []
  for (let at = 0; at < reply.length; at += FIELDS) {
    const [gate = '', text = '', running, opensAt = ''] = reply.slice(at, at + FIELDS)
    const [numbers = '', pausedBy = '', by = ''] = text.split(NUL)
    const [version = '', concurrency = '', max = '', perMs = '', weight = '', pausedAt = ''] =
      numbers.split(' ')
    rows.push({
      scope: SCOPES.get(gate.charAt(0)) ?? 'queue',
      name: gate.slice(1),
      concurrency: numberOrNull(concurrency),
      rate: max === '' ? null : { max: Number(max), perMs: Number(perMs) },
      weight: numberOrNull(weight),
      pausedBy: orNull(pausedBy),
      by,
      version: Number(version),
      pausedAt: numberOrNull(pausedAt),
      running: Number(running),
      opensAt: numberOrNull(opensAt),
    })
  }
  return rows.sort((a, b) => byBytes(a.scope, b.scope) || byBytes(a.name, b.name))
}

/** Between a group and a limit key. In the group, the first of these two characters is followed by another one. */
const [MARK, INSIDE] = ['\u0001', '\u0002']
const BETWEEN = `${MARK}\u0003`

/** The group of a job, and its limit key when it has one, as the last field of its lane. */
export const groupField = ({ group, ties }: Pick<JobRecord, 'group' | 'ties'>): string => {
  const limit = ties?.limit ?? null
  if (limit === null) return orEmpty(group)
  return `+${orEmpty(group).replaceAll(MARK, MARK + INSIDE)}${BETWEEN}${limit}`
}

/** The group that such a field names. */
export const groupIn = (field: string): string | null => {
  if (!field.startsWith('+')) return orNull(field)
  return orNull(field.slice(1, field.indexOf(BETWEEN)).replaceAll(MARK + INSIDE, MARK))
}
