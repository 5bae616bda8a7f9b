import type { JobRecord, Settlement } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import { toJob } from '../../core/view.ts'
import type { RuntimeDeps } from '../deps.ts'
import type { RunEvent } from '../events.ts'
import type { Logger } from '../logger.ts'
import { attemptOf, type Held } from './held.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

/** How each ending is told: the event's name, the level of its log line, and its words. */
const TOLD: {
  readonly [To in Settlement['to']]: { event: RunEvent['outcome']; level: Level; words: string }
} = {
  completed: { event: 'completed', level: 'info', words: 'job completed' },
  retrying: { event: 'failed', level: 'warn', words: 'job failed, will be retried' },
  dead: { event: 'dead', level: 'error', words: 'job is dead' },
  cancelled: { event: 'cancelled', level: 'info', words: 'job cancelled' },
  scheduled: { event: 'snoozed', level: 'info', words: 'job snoozed' },
  ready: { event: 'released', level: 'info', words: 'job given back' },
  blocked: { event: 'held', level: 'info', words: 'job held' },
}

const wants = (logger: Logger, level: Level): boolean => logger.isLevelEnabled?.(level) ?? true

/** Tells that the store took a settlement. Costs nothing when nobody listens and the level is off. */
export const tellSettled = (deps: RuntimeDeps, held: Held, now: number, storeNow: number): void => {
  const { job, settlement } = held
  if (settlement === null) return
  const { event, level, words } = TOLD[settlement.to]
  // What was only held ahead and given back did not happen to anyone.
  if (settlement.to === 'ready' && held.startedStoreMs === null) return
  if (wants(deps.logger, level)) {
    const { error, reason, attempt } = settlement
    const ms = held.startedStoreMs === null ? undefined : Math.round(now - held.startedAt)
    const fields = {
      job: job.id,
      task: held.known.task.name,
      queue: job.queue,
      state: settlement.to,
      attempt,
      ms,
    }
    const kind = held.outcome?.kind
    const isFailure = kind === 'failed' || kind === 'crashed'
    const failure = isFailure ? { error: error === null ? null : JSON.parse(error) } : {}
    deps.logger[level]({ ...fields, ...(reason === null ? {} : { reason }), ...failure }, words)
  }
  if (held.startedStoreMs !== null && deps.events.has('ran')) {
    deps.events.emit('ran', {
      task: held.known.task.name,
      queue: job.queue,
      outcome: event,
      ms: now - held.startedAt,
    })
  }
  if (deps.events.has(event)) {
    const { progress, checkpoint } = held
    const record = settled({ ...job, progress, checkpoint }, settlement, storeNow)
    const told = toJob(record, held.known.retry.maxRetries)
    deps.events.emit(event, told)
  }
}

/** Tells that a handler begins. */
export const tellStarted = (deps: RuntimeDeps, held: Held): void => {
  const { job } = held
  if (wants(deps.logger, 'debug')) {
    deps.logger.debug({ job: job.id, task: held.known.task.name, attempt: attemptOf(job) }, 'job started')
  }
  if (deps.events.has('started')) {
    const attempt = attemptOf(job)
    const record: JobRecord = { ...job, attempt, startedAt: held.startedStoreMs, started: true }
    deps.events.emit('started', toJob(record, held.known.retry.maxRetries))
  }
}

/** The record as the store has it after the settlement. */
export const settled = (job: JobRecord, settlement: Settlement, storeNow: number): JobRecord => ({
  ...job,
  state: settlement.to,
  reason: settlement.reason,
  attempt: settlement.attempt,
  retries: settlement.retries,
  crashes: settlement.crashes,
  solo: settlement.solo,
  startedAt: settlement.startedAt,
  finishedAt: isFinished(settlement.to) ? storeNow : null,
  runAt: settlement.delayMs === undefined ? job.runAt : storeNow + settlement.delayMs,
  leaseUntil: null,
  started: false,
  cancel: null,
  output: settlement.output,
  error: settlement.error,
  history: settlement.history,
  ...(settlement.progress === undefined ? {} : { progress: settlement.progress }),
  ...(settlement.checkpoint === undefined ? {} : { checkpoint: settlement.checkpoint }),
})
