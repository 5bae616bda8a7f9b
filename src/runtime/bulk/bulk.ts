import {
  BULK_ACTIONS,
  type BulkAction,
  type BulkDocument,
  type BulkFilter,
  type Canary,
} from '../../core/bulk.ts'
import { type Duration, durationMs, formatDuration } from '../../core/durations.ts'
import { PosthasteError } from '../../core/errors.ts'
import {
  BULK_ACTIVE_MAX,
  BULK_UNDO_MS,
  CANARY_FAILURE_SHARE,
  CANARY_JOBS,
  CANARY_JOBS_MAX,
  CANARY_TIMEOUT_MS,
  PAGE_SIZE,
  PAGE_SIZE_MAX,
} from '../../core/limits.ts'
import { type Priority, priorityNumber } from '../../core/priority.ts'
import { shown } from '../../core/text.ts'
import { checkId, checkWhole, refuse, refuseUnknown } from '../arguments.ts'
import type { Audit } from '../audit.ts'
import { type ControlOptions, checkReason, checkWho } from '../control.ts'
import type { RuntimeDeps } from '../deps.ts'
import { withVersions } from '../query.ts'
import { createDriver, type Driver } from './driver.ts'
import { type BulkFilterOptions, toFilter } from './filter.ts'
import { type BulkPreview, countExactly, preview } from './preview.ts'
import { activeRuns, createRun, existingRun, listRuns, readRun, updateRun } from './records.ts'
import type { StepDeps } from './step.ts'
import { type BulkInfo, toBulkInfo } from './view.ts'

export interface BulkRequest extends ControlOptions {
  readonly action: BulkAction
  /** Which jobs. Without a state: dead ones for `retry`, unfinished ones for `cancel`, finished ones for
   * `remove`, scheduled and retrying ones for `runNow`, scheduled and ready ones for `setPriority`. */
  readonly filter?: BulkFilterOptions
  /** Every job that the action can be done to is meant. Otherwise a filter that fits all of them is refused. */
  readonly all?: boolean
  /** Kept in the history of jobs that are cancelled. */
  readonly reason?: string
  /** With `setPriority`, which needs it: the new priority of jobs that are ready or scheduled. */
  readonly priority?: Priority
  /** With `retry` and `runNow`: so many jobs first; the others only when these do well. True: 10. */
  readonly canary?: boolean | number | CanaryOptions
}
export interface CanaryOptions {
  /** 1 … 200. Default 10. */
  readonly jobs?: number
  /** When more than this share of them fail, the run stops. 0 … 1. Default 0.2. */
  readonly failureShare?: number
  /** How long they may take. Default 1 h. */
  readonly timeout?: Duration
}
export interface BulkPreviewRequest extends Omit<BulkRequest, 'by'>, ControlOptions {
  readonly dryRun: true
}

/** A run in the hands of who started it. It goes on without them: any process that runs jobs carries it to its end. */
export interface BulkRun extends AsyncIterable<BulkInfo> {
  readonly id: string
  status(): Promise<BulkInfo>
  /** Resolves when it is over. @throws E_WAIT_TIMEOUT after `timeout` (default 1 h; the run goes on) */
  done(options?: { readonly timeout?: Duration }): Promise<BulkInfo>
}

export interface Bulks {
  /** The run, or null. */
  get(id: string): Promise<BulkInfo | null>
  /** The newest first; `after` is the id of the last one of the page before. */
  list(options?: { readonly after?: string; readonly limit?: number }): Promise<BulkInfo[]>
  /** No further step of it begins. Safe to repeat. @throws E_BULK_MISSING */
  stop(id: string, options?: ControlOptions): Promise<BulkInfo>
}

export interface OwnBulk extends Bulks, Pick<Driver, 'sweep' | 'close'> {
  preview(request: BulkPreviewRequest): Promise<BulkPreview>
  start(request: BulkRequest): Promise<BulkRun>
  undo(id: string, options?: ControlOptions): Promise<BulkRun>
}

const FIELDS: ReadonlySet<string> = new Set([
  ...['action', 'filter', 'all', 'reason', 'priority', 'canary', 'by', 'dryRun'],
])
const CANARY_FIELDS: ReadonlySet<string> = new Set(['jobs', 'failureShare', 'timeout'])
const DONE_TIMEOUT_MS = 3_600_000

export interface BulkDeps
  extends Pick<RuntimeDeps, 'engine' | 'clock' | 'events' | 'logger' | 'newId'>,
    Pick<StepDeps, 'view' | 'decideJobs'> {
  readonly audit: Audit
}

/** Actions on as many jobs as there are, in steps that survive whoever began them. */
export const createBulk = (deps: BulkDeps): OwnBulk => {
  const { engine, newId, audit, view, clock } = deps
  const driver = createDriver({ ...deps, me: newId() })

  const check = async (
    request: BulkRequest,
  ): Promise<{ action: BulkAction; filter: BulkFilter; now: number; priority?: number }> => {
    if (typeof request !== 'object' || request === null) refuse('bulk', 'takes an object')
    refuseUnknown(request, FIELDS, 'bulk')
    const { action, filter = {}, all = false } = request
    if (!BULK_ACTIONS.includes(action))
      refuse('action', `is ${shown(action)}; there are ${BULK_ACTIONS.join(', ')}`)
    if (action !== 'setPriority' && request.priority !== undefined)
      refuse('priority', 'goes with setPriority alone')
    const priority = action === 'setPriority' ? priorityNumber(request.priority, 'priority') : undefined
    const now = await engine.now()
    const asked = toFilter(action, filter, { all: all === true, now })
    const checked = { action, filter: await withVersions(engine, asked), now }
    return priority === undefined ? checked : { ...checked, priority }
  }

  const handle = (id: string): BulkRun => {
    const status = async (): Promise<BulkInfo> => toBulkInfo(id, (await existingRun(engine, id)).document)
    async function* progress(): AsyncGenerator<BulkInfo> {
      for (let last = ''; ; ) {
        // Asked for before it is read, so that no step in between goes by unheard.
        const moved = driver.moved(id)
        const info = await status()
        const text = JSON.stringify(info)
        if (text !== last) yield info
        last = text
        if (info.state !== 'running') return
        await moved
      }
    }
    return {
      id,
      status,
      [Symbol.asyncIterator]: progress,
      async done({ timeout = DONE_TIMEOUT_MS } = {}) {
        const timeoutMs = durationMs(timeout, 'timeout')
        const end = clock.monotonic() + timeoutMs
        for await (const info of progress()) {
          if (info.state !== 'running') return info
          if (clock.monotonic() >= end) break
        }
        throw new PosthasteError(
          'E_WAIT_TIMEOUT',
          `Bulk run ${id} was not over after ${formatDuration(timeoutMs)}.`,
        )
      },
    }
  }

  const begin = async (document: BulkDocument, started: string): Promise<BulkRun> => {
    const active = await activeRuns(engine, BULK_ACTIVE_MAX)
    if (active.length === BULK_ACTIVE_MAX) throw new PosthasteError('E_BULK_BUSY')
    const id = newId()
    const { action, by, reason, priority, filter, canary, of, total, createdAt } = document
    const details = {
      ...{
        action,
        ...(of === null ? { filter } : { undoes: of.id }),
        ...(reason === null ? {} : { reason }),
        ...(priority === undefined ? {} : { priority }),
      },
      ...(canary === null ? {} : { canary: canary.jobs }),
    }
    const note = { by, action: started, bulk: id, details, count: total ?? 0 }
    await createRun(engine, id, document, [audit.writeOf(note, createdAt)])
    deps.logger.info({ bulk: id, by, ...details }, 'bulk run started')
    driver.drive(id)
    return handle(id)
  }

  return {
    ...{ sweep: driver.sweep, close: driver.close },
    async preview(request) {
      toCanary(request)
      const { action, filter } = await check(request)
      return preview(engine, action, filter, view)
    },

    async start(request) {
      const { filter, now, ...what } = await check(request)
      const by = checkWho(request.by)
      const reason = checkReason(request.reason)
      const canary = toCanary(request)
      const total = await countExactly(engine, filter)
      const createdBefore = Math.min(filter.createdBefore ?? Number.POSITIVE_INFINITY, now + 1)
      return begin(
        {
          ...BLANK,
          ...what,
          filter: { ...filter, createdBefore },
          by,
          reason,
          canary,
          total,
          createdAt: now,
        },
        'bulk.start',
      )
    },

    async undo(id, options) {
      const by = checkWho(options?.by)
      const { document } = await existingRun(engine, checkId(id))
      const { action, createdAt, state, kept, filter } = document
      const now = await engine.now()
      const why =
        action !== 'cancel' && action !== 'remove'
          ? `is a run of ${action}`
          : state === 'running'
            ? 'is still under way; stop it first'
            : now - createdAt >= BULK_UNDO_MS
              ? `was started more than ${formatDuration(BULK_UNDO_MS)} ago`
              : null
      if (why !== null || action === 'undo') throw new PosthasteError('E_BULK_UNDO', `Bulk run ${id} ${why}.`)
      const of = { id, action, by: document.by, at: createdAt }
      return begin({ ...BLANK, action: 'undo', of, filter, by, total: kept, createdAt: now }, 'bulk.undo')
    },

    async get(id) {
      const stored = await readRun(engine, checkId(id))
      return stored === null ? null : toBulkInfo(id, stored.document)
    },
    async list({ after, limit = PAGE_SIZE } = {}) {
      const from = after === undefined ? null : checkId(after, 'after')
      const runs = await listRuns(engine, from, checkWhole(limit, 'limit', 1, PAGE_SIZE_MAX))
      return runs.map(({ id, document }) => toBulkInfo(id, document))
    },
    async stop(id, options) {
      const by = checkWho(options?.by)
      checkId(id)
      return audit.noting({ by, action: 'bulk.stop', bulk: id }, async () => {
        await updateRun(engine, id, (seen) =>
          seen.state !== 'running' || seen.stopBy !== null ? null : { ...seen, stopBy: by },
        )
        driver.drive(id)
        return await handle(id)
          .done({ timeout: STOP_TIMEOUT_MS })
          .catch(() => handle(id).status())
      })
    },
  }
}

/** What a step under way may take before the answer to a stop says that it is still running. */
const STOP_TIMEOUT_MS = 5_000

const BLANK: Omit<BulkDocument, 'action' | 'filter' | 'by' | 'createdAt'> = {
  ...{ of: null, reason: null, finishedAt: null, state: 'running', why: null, stopBy: null, cursor: null },
  ...{ isAtEnd: false, page: 0, pending: [], total: null, looked: 0, done: 0, refused: 0, refusals: [] },
  ...{ kept: 0, canary: null, owner: null, leaseUntil: 0 },
}

const toCanary = ({ action, canary: given = false }: BulkRequest): Canary | null => {
  if (given === false) return null
  if (action !== 'retry' && action !== 'runNow') return refuse('canary', 'goes with retry and runNow alone')
  const options: CanaryOptions = given === true ? {} : typeof given === 'number' ? { jobs: given } : given
  if (typeof options !== 'object' || options === null)
    return refuse('canary', `is ${shown(given)}, not a number of jobs`)
  refuseUnknown(options, CANARY_FIELDS, 'canary')
  const { jobs = CANARY_JOBS, failureShare = CANARY_FAILURE_SHARE, timeout = CANARY_TIMEOUT_MS } = options
  if (!(typeof failureShare === 'number' && failureShare >= 0 && failureShare <= 1))
    refuse('canary.failureShare', `is ${shown(failureShare)}, not a share from 0 to 1`)
  return {
    jobs: checkWhole(jobs, typeof given === 'number' ? 'canary' : 'canary.jobs', 1, CANARY_JOBS_MAX),
    failureShare,
    timeoutMs: durationMs(timeout, 'canary.timeout', { min: 1 }),
    ...{ sent: [], since: null, ended: 0, failed: 0, verdict: 'waiting' },
  }
}
