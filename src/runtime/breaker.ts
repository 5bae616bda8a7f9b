import { countFailures, type Failure, type FailureCounts } from '../core/breaker.ts'
import { durationMs, formatDuration } from '../core/durations.ts'
import { errorPattern, fingerprintOf } from '../core/fingerprint.ts'
import { gateKey } from '../core/gates.ts'
import type { JobError } from '../core/job.ts'
import { BREAKER_FAILURES_MAX, REASON_LENGTH_MAX } from '../core/limits.ts'
import { clip } from '../core/text.ts'
import type { RuntimeDeps } from './deps.ts'
import type { OwnLimits } from './limits.ts'
import type { AnyTask, BreakerOptions } from './task.ts'

/**
 * Stops a task that fails again and again in the same way. Every process counts its own failures into one document of
 * the task, by compare-and-set; who finds the number reached stops the task. A process that dies before it has written
 * takes its newest counts with it: the task is then stopped a few failures later.
 */
export interface Breaker {
  /** A run of the task failed, and the store knows. Returns at once and never throws. */
  failed(task: AnyTask, error: JobError, at: number): void
  /** Tasks that go on are counted anew. */
  forget(tasks: readonly string[]): Promise<void>
  /** Lets tasks of this process go on whose time has come. */
  resume(): Promise<void>
  /** Whether any task of this process may go on by itself. */
  readonly resumes: boolean
  /** Waits until what was counted is written. */
  close(): Promise<void>
}

export interface BreakerDeps extends Pick<RuntimeDeps, 'engine' | 'logger' | 'events' | 'tasks'> {
  readonly limits: Pick<OwnLimits, 'setPaused'>
}

const COUNTS = 'breakers'
/** Stands before everything that a breaker says about why it stopped a task. */
const BREAKER = 'breaker: '
/** Another process wrote in between: read and count again this often, then with the next failure. */
const CONFLICTS_MAX = 20

const ruleOf = ({ failures, within }: BreakerOptions) => ({
  failures,
  withinMs: durationMs(within, 'breaker.within'),
})

interface Counting {
  readonly rule: ReturnType<typeof ruleOf>
  waiting: Failure[]
  readonly newest: Map<string, JobError>
  writing: Promise<void> | null
}

export const createBreaker = ({ engine, logger, events, tasks, limits }: BreakerDeps): Breaker => {
  const counting = new Map<string, Counting>()

  const trip = async (task: string, fingerprint: string, { rule, newest }: Counting): Promise<void> => {
    const { failures, withinMs } = rule
    const error = newest.get(fingerprint) ?? { name: 'Error', message: '' }
    const kind = `${error.name}: ${errorPattern(error.message)}`
    const why = `${failures} failures within ${formatDuration(withinMs)} with ${fingerprint}, ${kind}`
    const by = clip(`${BREAKER}${why}`, REASON_LENGTH_MAX)
    const stopped = await limits.setPaused([{ scope: 'task', name: task }], true, by)
    if (stopped.length === 0) return
    const fields = { task, fingerprint, failures, withinMs, error: { ...error, stack: undefined } }
    logger.error(fields, 'a task failed so often in the same way that it was stopped; resume it')
    events.emit('tripped', { task, fingerprint, error, failures, within: withinMs })
    events.emit('paused', { task, by })
  }

  /** Writes what this process has counted. What cannot be written waits for the next failure. */
  const write = async (task: string, counts: Counting): Promise<void> => {
    const key = { collection: COUNTS, key: task }
    const { rule } = counts
    let conflicts = 0
    while (counts.waiting.length > 0 && conflicts < CONFLICTS_MAX) {
      const added = counts.waiting.splice(0)
      let isWritten = false
      try {
        const [now, [record]] = await Promise.all([engine.now(), engine.getRecords([key])])
        const known = record ? (JSON.parse(record.value) as FailureCounts) : {}
        const { counts: next, tripped } = countFailures(known, added, rule, now)
        // Stopped before it is forgotten: a crash in between stops it once more.
        if (tripped !== null) await trip(task, tripped, counts)
        const value = tripped === null ? JSON.stringify(next) : null
        const expect = record?.version ?? 0
        const [verdict] = await engine.putRecords([{ ...key, value, expect, ttlMs: rule.withinMs }])
        isWritten = verdict?.status === 'ok'
      } finally {
        conflicts = isWritten ? 0 : conflicts + 1
        if (!isWritten) counts.waiting.unshift(...added)
      }
    }
  }

  const flush = async (task: string, counts: Counting): Promise<void> => {
    try {
      await write(task, counts)
    } catch (error) {
      logger.warn({ err: error, task }, 'failures of a task could not be counted; with the next one again')
    }
  }

  const startWriting = (task: string, counts: Counting): void => {
    if (counts.writing !== null) return
    counts.writing = flush(task, counts).finally(() => {
      counts.writing = null
    })
  }

  const resumable = [...tasks.values()].flatMap(({ name, breaker }) =>
    breaker?.resumeAfter === undefined
      ? []
      : [{ name, afterMs: durationMs(breaker.resumeAfter, 'breaker.resumeAfter') }],
  )

  const forget = async (names: readonly string[]): Promise<void> => {
    await engine.putRecords(
      [...new Set(names)].map((key) => ({
        ...{ collection: COUNTS, key, value: null, expect: null, ttlMs: null },
      })),
    )
  }

  return {
    failed(task, error, at) {
      if (task.breaker === undefined) return
      const counts: Counting = counting.get(task.name) ?? {
        ...{ rule: ruleOf(task.breaker), waiting: [], newest: new Map(), writing: null },
      }
      counting.set(task.name, counts)
      const fingerprint = fingerprintOf(error)
      counts.waiting.push({ fingerprint, at })
      // While the store does not answer, the newest are enough.
      if (counts.waiting.length > BREAKER_FAILURES_MAX) counts.waiting.shift()
      counts.newest.delete(fingerprint)
      counts.newest.set(fingerprint, error)
      if (counts.newest.size > KINDS_KEPT_MAX)
        counts.newest.delete(counts.newest.keys().next().value as string)
      startWriting(task.name, counts)
    },
    forget,
    get resumes() {
      return resumable.length > 0
    },
    async resume() {
      const [now, rows] = await Promise.all([engine.now(), engine.limits()])
      const stopped = new Map(rows.map((row) => [gateKey(row), row]))
      for (const { name, afterMs } of resumable) {
        const row = stopped.get(gateKey({ scope: 'task', name }))
        if (row?.pausedAt == null || !row.pausedBy?.startsWith(BREAKER)) continue
        if (now < row.pausedAt + afterMs) continue
        await forget([name])
        const resumed = await limits.setPaused([{ scope: 'task', name }], false, 'breaker')
        if (resumed.length === 0) continue
        logger.info({ task: name, by: 'breaker' }, 'task resumed')
        events.emit('resumed', { task: name, by: 'breaker' })
      }
    },
    async close() {
      await Promise.all([...counting.values()].map(({ writing }) => writing))
    },
  }
}

/** Errors that are remembered so that a stopped task can say what it was stopped for. */
const KINDS_KEPT_MAX = 100
