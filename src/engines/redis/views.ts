import type { RecordKey, StoredRecord } from '../../core/job.ts'
import type { CountRow, QueueRow, RecordVerdict, StoredLogLine, WorkerRow } from '../engine.ts'
import { NUL, numberOrNull, stateOf } from './text.ts'

/** What is seen of the whole, from the scripts' answers: numbers, logs, queues, workers, documents. */

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Lists of values that belong together by so many. */
const groupsOf = <Group extends readonly string[]>(list: readonly string[], size: number): Group[] =>
  Array.from(
    { length: list.length / size },
    (_, i) => list.slice(i * size, (i + 1) * size) as unknown as Group,
  )

type Pair = readonly [name: string, value: string]

export const toCounts = (reply: readonly string[]): CountRow[] =>
  groupsOf<Pair>(reply, 2).map(([field, count]) => {
    const [queue = '', task = ''] = field.slice(1).split(NUL)
    return { queue, task, state: stateOf(field.charAt(0)), count: Number(count) }
  })

export const toQueues = (
  names: readonly string[],
  paused: readonly string[],
  heads: readonly string[],
): QueueRow[] => {
  const pauses = new Map(groupsOf<Pair>(paused, 2))
  const oldest = new Map<string, number>()
  for (const [queue, runAt] of groupsOf<Pair>(heads, 2)) {
    oldest.set(queue, Math.min(Number(runAt), oldest.get(queue) ?? Number.MAX_SAFE_INTEGER))
  }
  return [...names].sort(byBytes).map((queue) => {
    const [at, by] = pauses.get(queue)?.split(NUL) ?? []
    return {
      queue,
      paused: at !== undefined,
      pausedAt: at === undefined ? null : Number(at),
      pausedBy: by ?? null,
      oldestReadyAt: oldest.get(queue) ?? null,
    }
  })
}

export const toWorkers = (reply: readonly string[]): WorkerRow[] =>
  groupsOf<Pair>(reply, 2)
    .map(([id, text]) => {
      const [times = '', about = ''] = text.split(NUL)
      const [, firstSeenAt, lastSeenAt] = times.split(' ')
      return { id, about, firstSeenAt: Number(firstSeenAt), lastSeenAt: Number(lastSeenAt) }
    })
    .sort((a, b) => byBytes(a.id, b.id))

/** Digits of fence and of seq in a line's place, so that its bytes tell its order. */
const PLACE_DIGITS = 16

export const logPlace = ({ fence, seq }: { readonly fence: number; readonly seq: number }): string =>
  String(fence).padStart(PLACE_DIGITS, '0') + String(seq).padStart(PLACE_DIGITS, '0')

export const toLogLines = (lines: readonly string[]): StoredLogLine[] =>
  lines.map((line) => {
    const [place = '', at, level, message = ''] = line.split(NUL)
    return {
      fence: Number(place.slice(0, PLACE_DIGITS)),
      seq: Number(place.slice(PLACE_DIGITS)),
      at: Number(at),
      level: level as StoredLogLine['level'],
      message,
    }
  })

type Document = readonly [version: string, expiresAt: string, value: string]

export const toFoundRecords = (
  keys: readonly RecordKey[],
  reply: readonly string[],
): (StoredRecord | null)[] =>
  groupsOf<Document>(reply, 3).map(([version, expiresAt, value], index) => {
    const { collection, key } = keys[index] as RecordKey
    if (version === '0') return null
    return { collection, key, value, version: Number(version), expiresAt: numberOrNull(expiresAt) }
  })

export const toRecords = (collection: string, reply: readonly string[]): StoredRecord[] =>
  groupsOf<readonly [key: string, ...Document]>(reply, 4).map(([key, version, expiresAt, value]) => ({
    ...{ collection, key, value, version: Number(version), expiresAt: numberOrNull(expiresAt) },
  }))

export const toRecordVerdicts = (reply: readonly string[]): RecordVerdict[] =>
  reply.map((text): RecordVerdict => {
    const version = Number(text.slice(1))
    if (text.startsWith('o')) return { status: 'ok', version }
    return text === 'r' ? { status: 'refused' } : { status: 'conflict', version }
  })
