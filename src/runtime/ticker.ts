import { decideAction } from '../core/decide.ts'
import { WAITS_FOR_PARENTS } from '../core/flow.ts'
import type {
  Change,
  JobOptions,
  JobRecord,
  JobTies,
  NewJob,
  Parent,
  RecordWrite,
  StoredRecord,
} from '../core/job.ts'
import { ENGINE_BATCH_MAX, TICK_POLL_MS } from '../core/limits.ts'
import {
  dueTicks,
  fireTicks,
  jitterOf,
  OPEN_JOBS_MAX,
  type ScheduleDocument,
  ticksOf,
} from '../core/schedule.ts'
import { isFinished } from '../core/states.ts'
import { taskName } from '../core/task-name.ts'
import type { Engine, InsertVerdict } from '../engines/engine.ts'
import { addedJob } from './added.ts'
import type { RuntimeDeps } from './deps.ts'

export const SCHEDULES = 'schedules'
type ListRequest = Parameters<Engine['listRecords']>[0]

/** A schedule that changes under us is read and judged again this often in one round. */
const ROUNDS_MAX = 8

export interface StoredSchedule {
  readonly name: string
  readonly version: number
  readonly document: ScheduleDocument
}

export const readSchedule = ({ key, version, value }: StoredRecord): StoredSchedule => ({
  ...{ name: key, version, document: JSON.parse(value) as ScheduleDocument },
})

export const writeSchedule = (
  { name, version }: Pick<StoredSchedule, 'name' | 'version'>,
  document: ScheduleDocument,
): RecordWrite => ({
  ...{ collection: SCHEDULES, key: name, value: JSON.stringify(document), expect: version, ttlMs: null },
})

/** @param tick the moment that it is for; null: run by hand */
export const scheduledJob = (
  name: string,
  { spec, job }: ScheduleDocument,
  id: string,
  { tick, parents = [] }: { readonly tick: number | null; readonly parents?: readonly string[] },
): NewJob => {
  const options: JobOptions = job.options === null ? {} : JSON.parse(job.options)
  const dueMs = options.deadlineMs ?? null
  return {
    ...job,
    id,
    payload: spec.payload,
    delayMs: 0,
    runAt: tick === null ? null : tick + jitterOf(name, tick, spec.jitterMs),
    options: JSON.stringify({ ...options, schedule: { name, at: tick } }),
    blocked: parents.length > 0 ? WAITS_FOR_PARENTS : null,
    ties: parents.length > 0 || dueMs !== null ? tiesTo(parents, dueMs) : null,
  }
}

const tiesTo = (parents: readonly string[], dueMs: number | null): JobTies => ({
  ...{ keyUntil: 'finish', keyMs: null, keyFrom: null, batch: null, dueMs, dueAt: null },
  parents: parents.map((id): Parent => ({ id, name: null, onFailure: 'run' })),
})

/**
 * Fires the ticks of schedules. Each is one step of the store: its jobs are written together with the schedule that has
 * moved on, if that is still as it was read. So a tick is fired once, whoever else tries, and wherever this process ends.
 */
export class Ticker {
  #deps: RuntimeDeps
  #ask: <T>(call: () => Promise<T>) => Promise<T>

  constructor(deps: RuntimeDeps, ask: <T>(call: () => Promise<T>) => Promise<T>) {
    this.#deps = deps
    this.#ask = ask
  }

  /** Fires what is due. Answers in how many ms the next tick is, TICK_POLL_MS at most: schedules may be changed anywhere. */
  async sweep(): Promise<number> {
    const { engine } = this.#deps
    let nextMs = TICK_POLL_MS
    let after: string | null = null
    for (;;) {
      const request: ListRequest = { collection: SCHEDULES, prefix: '', after, limit: ENGINE_BATCH_MAX }
      const page: StoredRecord[] = await this.#ask(() => engine.listRecords(request))
      if (page.length === 0) return nextMs
      // By the store's clock, which is nobody's own: a timer of ours that is early finds nothing due and is set again.
      const now = await this.#ask(() => engine.now())
      for (const record of page) {
        const dueAt = await this.#tick(readSchedule(record), now)
        if (dueAt !== null) nextMs = Math.min(nextMs, Math.max(1, dueAt - now))
      }
      after = page.at(-1)?.key ?? null
      if (page.length < ENGINE_BATCH_MAX) return nextMs
    }
  }

  /** One schedule that cannot be fired must not hold up the others. Answers when it is due next. */
  async #tick(stored: StoredSchedule, now: number): Promise<number | null> {
    const { removed, pausedAt, nextAt } = stored.document
    if (removed || pausedAt !== null || nextAt === null) return null
    if (nextAt > now) return nextAt
    try {
      return await this.#fire(stored)
    } catch (error) {
      const { logger, events } = this.#deps
      logger.warn({ err: error, schedule: stored.name }, 'a schedule could not be fired; trying again')
      if (events.has('error')) events.emit('error', error instanceof Error ? error : new Error(String(error)))
      return null
    }
  }

  async #fire(first: StoredSchedule): Promise<number | null> {
    const { engine } = this.#deps
    let stored: StoredSchedule = first
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const { removed, pausedAt, nextAt } = stored.document
      const now = await this.#ask(() => engine.now())
      if (removed || pausedAt !== null || nextAt === null || nextAt > now) return nextAt
      const next = await this.#fireOnce(stored, now)
      if (next !== null) return next.nextAt
      const [record] = await this.#ask(() => engine.getRecords([{ collection: SCHEDULES, key: first.name }]))
      if (!record) return null
      stored = readSchedule(record)
    }
    return null
  }

  /** The document that was written, or null: something was not as it was read. */
  async #fireOnce(stored: StoredSchedule, now: number): Promise<ScheduleDocument | null> {
    const { engine, newId, logger } = this.#deps
    const { name, document } = stored
    const { spec, createdAt, decidedUntil } = document
    const due = dueTicks(ticksOf(spec, createdAt), decidedUntil, now, spec.catchUp)
    const unfinished = spec.overlap === 'allow' ? [] : await this.#unfinished(document)
    const { fire, skipped } = fireTicks(due.ticks, spec.overlap, unfinished.length > 0)
    const isCancelling = spec.overlap === 'cancelPrevious' && fire.length > 0
    const waitsFor = isCancelling
      ? unfinished.filter(({ state }) => state === 'running')
      : spec.overlap === 'queue'
        ? unfinished
        : []
    const changes = isCancelling ? await this.#cancel(name, unfinished, now) : []
    const ids: string[] = []
    const jobs = fire.map((tick) => {
      const before = spec.overlap === 'queue' ? ids : []
      const parents = [...waitsFor.map(({ id }) => id), ...before].slice(-OPEN_JOBS_MAX)
      const job = scheduledJob(name, document, newId(), { tick, parents })
      ids.push(job.id)
      return job
    })
    const open = spec.overlap === 'allow' ? document.open : unfinished.map(({ id }) => id)
    const next: ScheduleDocument = {
      ...document,
      decidedUntil: now,
      nextAt: due.nextAt,
      lastTickAt: fire.at(-1) ?? document.lastTickAt,
      lastJob: ids.at(-1) ?? document.lastJob,
      open: [...open, ...ids].slice(-OPEN_JOBS_MAX),
      fired: document.fired + fire.length,
      skipped: document.skipped + skipped,
      missed: document.missed + due.missed,
    }
    const records = [writeSchedule(stored, next)]
    const answer = await this.#ask(() => engine.insert(jobs, { records, changes }))
    if (!answer.recordsOk || answer.changed.some((verdict) => verdict !== 'ok')) return null
    if (due.missed > 0) logger.warn({ schedule: name, missed: due.missed }, 'ticks of a schedule were missed')
    logger.debug({ schedule: name, jobs: ids, skipped, missed: due.missed }, 'a schedule ticked')
    this.#tell(jobs, answer)
    return next
  }

  async #unfinished({ open }: ScheduleDocument): Promise<JobRecord[]> {
    if (open.length === 0) return []
    const jobs = await this.#ask(() => this.#deps.engine.get(open))
    return jobs.filter((job) => job !== null).filter(({ state }) => !isFinished(state))
  }

  /** What rests is cancelled in the step of the tick; the holder of what runs is asked before it, which is safe to repeat. */
  async #cancel(name: string, jobs: readonly JobRecord[], at: number): Promise<Change[]> {
    const action = { kind: 'cancel', reason: `the next tick of schedule ${name}` } as const
    const decisions = jobs.map((job) => ({
      id: job.id,
      ...decideAction(job, action, { by: 'schedule', at }),
    }))
    const requests = decisions.flatMap((one) =>
      one.kind === 'request_cancel' ? [{ id: one.id, request: one.request }] : [],
    )
    if (requests.length > 0) await this.#ask(() => this.#deps.engine.requestCancel(requests))
    return decisions.flatMap((one) => (one.kind === 'change' ? [one.change] : []))
  }

  #tell(jobs: readonly NewJob[], answer: { readonly now: number; readonly verdicts: InsertVerdict[] }): void {
    const { events, tasks } = this.#deps
    if (!events.has('added')) return
    for (const job of jobs)
      events.emit('added', addedJob(job, answer.now, tasks.get(taskName(job.task))?.retry?.maxRetries))
  }
}
