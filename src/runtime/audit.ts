import { runAtMs } from '../core/durations.ts'
import { isPosthasteError, PosthasteError } from '../core/errors.ts'
import type { RecordWrite, StoredRecord } from '../core/job.ts'
import {
  AUDIT_IDS_MAX,
  AUDIT_MAX,
  AUDIT_RETENTION_MS,
  ENGINE_BATCH_MAX,
  PAGE_SIZE,
  PAGE_SIZE_MAX,
  REASON_LENGTH_MAX,
} from '../core/limits.ts'
import { clip } from '../core/text.ts'
import { checkText, checkWhole, refuse, refuseUnknown } from './arguments.ts'
import type { RuntimeDeps } from './deps.ts'
import { newestFirst } from './newest-first.ts'
import type { Instant } from './options.ts'

/** One action of an operator, through whichever door. */
export interface AuditEntry {
  readonly id: string
  readonly at: Date
  /** Who: what the door knows of them, or `by` of the library. */
  readonly by: string
  /** 'cancel', 'pause', 'schedule.update', 'bulk.start', … */
  readonly action: string
  /** The jobs that it was about: the first AUDIT_IDS_MAX; `count` counts all. */
  readonly jobs: readonly string[]
  readonly count: number
  readonly queues: readonly string[]
  readonly schedule: string | null
  readonly bulk: string | null
  /** What was asked for beside that: a reason, a filter. */
  readonly details: Readonly<Record<string, unknown>>
  /** Whether all of it was done; else how many were refused, and the first refusal. */
  readonly ok: boolean
  readonly refused: number
  readonly error: { readonly code: string; readonly message: string } | null
}

export interface AuditOptions {
  readonly by?: string
  readonly action?: string
  /** The id of a job; found in entries that name it. */
  readonly job?: string
  readonly queue?: string
  readonly schedule?: string
  readonly bulk?: string
  /** Entries not older than this. */
  readonly since?: Instant
  /** Default 50, at most 200. */
  readonly limit?: number
  readonly cursor?: string | null
}

export interface AuditPage {
  /** The newest first. */
  readonly entries: AuditEntry[]
  readonly cursor: string | null
}

/** What is noted of an action; the rest is added. */
export type AuditNote = Partial<Omit<AuditEntry, 'id' | 'at' | 'by' | 'action' | 'ok'>> &
  Pick<AuditEntry, 'by' | 'action'>

export interface Audit {
  /** Resolves when it is written. Never rejects: what was done is done, and the log has it. */
  note(note: AuditNote): Promise<void>
  /** The same as a write that goes with others. */
  writeOf(note: AuditNote, at: number): RecordWrite
  /** Carries something out and notes how it went. What was no valid question is not noted. */
  noting<T>(note: AuditNote, work: () => Promise<T>, refusals?: (answer: T) => AuditRefusals): Promise<T>
  list(options?: AuditOptions): Promise<AuditPage>
  /** The maintainer's: drops what is beyond AUDIT_MAX. */
  prune(): Promise<void>
}
type AuditRefusals = Pick<AuditNote, 'refused' | 'error'>

const COLLECTION = 'audit'
const OPTIONS: ReadonlySet<string> = new Set([
  ...['by', 'action', 'job', 'queue', 'schedule', 'bulk', 'since', 'limit', 'cursor'],
])
const FILTER_LENGTH_MAX = 512

type Kept = Omit<AuditEntry, 'id' | 'at'> & { readonly at: number }

const toEntry = ({ key, value }: StoredRecord): AuditEntry => {
  const { at, ...rest } = JSON.parse(value) as Kept
  return { id: newestFirst(key), at: new Date(at), ...rest }
}

const briefly = (error: unknown): AuditEntry['error'] => ({
  code: isPosthasteError(error) ? error.code : 'E_INTERNAL',
  message: clip(error instanceof Error ? error.message : String(error), REASON_LENGTH_MAX),
})

/** The one place where operators' actions are written down. */
export const createAudit = ({
  engine,
  logger,
  newId,
}: Pick<RuntimeDeps, 'engine' | 'logger' | 'newId'>): Audit => {
  const pending: { readonly note: AuditNote; readonly done: () => void }[] = []
  let isWriting = false

  const writeOf = (note: AuditNote, at: number): RecordWrite => {
    const { by, action, jobs = [], queues = [], schedule = null, bulk = null, details = {} } = note
    const { refused = 0, error = null } = note
    const kept: Kept = {
      ...{ at, by, action, jobs: jobs.slice(0, AUDIT_IDS_MAX), count: note.count ?? jobs.length },
      ...{ queues: queues.slice(0, AUDIT_IDS_MAX), schedule, bulk, details },
      ...{ ok: refused === 0 && error === null, refused, error },
    }
    return {
      ...{ collection: COLLECTION, key: newestFirst(newId()), value: JSON.stringify(kept) },
      ...{ expect: null, ttlMs: AUDIT_RETENTION_MS },
    }
  }

  /** Notes of one moment are written together, so that many actions at once are not twice as many calls. */
  const flush = async (): Promise<void> => {
    isWriting = true
    while (pending.length > 0) {
      const some = pending.splice(0, ENGINE_BATCH_MAX)
      try {
        const at = await engine.now()
        await engine.putRecords(some.map(({ note }) => writeOf(note, at)))
      } catch (error) {
        for (const { note } of some)
          logger.error({ err: error, ...note }, 'an action could not be written down')
      }
      for (const { done } of some) done()
    }
    isWriting = false
  }

  const note = (one: AuditNote): Promise<void> =>
    new Promise((done) => {
      pending.push({ note: one, done })
      if (!isWriting) void flush()
    })

  return {
    note,
    writeOf,
    async noting(about, work, refusals = () => ({})) {
      try {
        const answer = await work()
        await note({ ...about, ...refusals(answer) })
        return answer
      } catch (error) {
        const isQuestion = isPosthasteError(error) && (error.status === 400 || error.status === 413)
        if (!isQuestion)
          await note({ ...about, refused: Math.max(1, about.jobs?.length ?? 1), error: briefly(error) })
        throw error
      }
    },

    async list(options = {}) {
      if (typeof options !== 'object' || options === null) refuse('audit', 'takes an object')
      refuseUnknown(options, OPTIONS, 'audit')
      const { limit = PAGE_SIZE, cursor = null } = options
      checkWhole(limit, 'limit', 1, PAGE_SIZE_MAX)
      const fits = fitter(options)
      const since = options.since === undefined ? null : runAtMs(options.since, 'since')
      const entries: AuditEntry[] = []
      let after = cursor === null ? null : decode(cursor)
      for (let read = 0; read < AUDIT_MAX; ) {
        const page = await engine.listRecords({
          collection: COLLECTION,
          prefix: '',
          after,
          limit: ENGINE_BATCH_MAX,
        })
        read += page.length
        for (const record of page) {
          const entry = toEntry(record)
          if (since !== null && entry.at.getTime() < since) return { entries, cursor: null }
          after = record.key
          if (!fits(entry)) continue
          entries.push(entry)
          if (entries.length === limit) return { entries, cursor: encode(after) }
        }
        if (page.length < ENGINE_BATCH_MAX) break
      }
      return { entries, cursor: null }
    },

    async prune() {
      let after: string | null = null
      for (let kept = 0; ; ) {
        const page: StoredRecord[] = await engine.listRecords({
          ...{ collection: COLLECTION, prefix: '', after, limit: ENGINE_BATCH_MAX },
        })
        const beyond = page.slice(Math.max(0, AUDIT_MAX - kept))
        kept += page.length
        if (beyond.length > 0)
          await engine.putRecords(
            beyond.map(({ collection, key }) => ({
              collection,
              key,
              value: null,
              expect: null,
              ttlMs: null,
            })),
          )
        after = page.at(-1)?.key ?? null
        if (page.length < ENGINE_BATCH_MAX || after === null) return
      }
    },
  }
}

const fitter = (options: AuditOptions): ((entry: AuditEntry) => boolean) => {
  const { by, action, job, queue, schedule, bulk } = options
  for (const [field, value] of Object.entries({ by, action, job, queue, schedule, bulk }))
    if (value !== undefined) checkText(value, field, FILTER_LENGTH_MAX)
  return (entry) =>
    (by === undefined || entry.by === by) &&
    // 'schedule' finds 'schedule.update' and all its kin.
    (action === undefined || entry.action === action || entry.action.startsWith(`${action}.`)) &&
    (job === undefined || entry.jobs.includes(job)) &&
    (queue === undefined || entry.queues.includes(queue)) &&
    (schedule === undefined || entry.schedule === schedule) &&
    (bulk === undefined || entry.bulk === bulk)
}

const encode = (key: string): string => Buffer.from(key).toString('base64url')
const decode = (cursor: string): string => {
  const key = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : ''
  if (/^[\da-f-]{36}$/.test(key)) return key
  throw new PosthasteError('E_CURSOR', 'cursor is no cursor.', { field: 'cursor' })
}
