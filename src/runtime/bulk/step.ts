import { type BulkAction, type BulkDocument, canaryEnd, canaryWhy, judgeCanary } from '../../core/bulk.ts'
import type { Action } from '../../core/decide.ts'
import { isPosthasteError } from '../../core/errors.ts'
import { parseHistory } from '../../core/history.ts'
import type { JobRecord } from '../../core/job.ts'
import {
  BULK_BATCH,
  BULK_LEASE_MS,
  BULK_REFUSALS_MAX,
  BULK_SWEEP_MS,
  BULK_UNDO_MAX,
} from '../../core/limits.ts'
import { PRIORITIES } from '../../core/priority.ts'
import type { Audit } from '../audit.ts'
import { type CarryOutDeps, type Controlled, carryOut } from '../carry-out.ts'
import { find } from './filter.ts'
import { keepPage, nextPage } from './kept.ts'
import { existingRun, type StoredRun, updateRun } from './records.ts'
import { undoPage } from './undo.ts'

export interface StepDeps extends CarryOutDeps {
  readonly audit: Pick<Audit, 'writeOf'>
  /** Tells this process, and this boot of it, from all others. */
  readonly me: string
  /** What the parents of jobs that are blocked again mean for them now. */
  readonly decideJobs: (ids: readonly string[], at: number) => Promise<void>
}

/** How one job of a step fared. */
export type Fared = Pick<Controlled, 'id' | 'ok'> & {
  readonly error?: { readonly code: string; readonly message: string }
}

const ACTION: { readonly [A in BulkAction]: (run: BulkDocument) => Action } = {
  retry: () => ({ kind: 'retry' }),
  cancel: ({ reason }) => ({ kind: 'cancel', reason }),
  remove: () => ({ kind: 'remove' }),
  runNow: () => ({ kind: 'promote' }),
  setPriority: ({ priority = PRIORITIES.normal }) => ({ kind: 'setPriority', priority }),
}

/**
 * One step of a run: its next jobs, or a look at its canary. Answers in how many ms there is more to do; null: it is
 * over. Which jobs a step is about is written before they are touched, and what became of them after that. Whoever
 * takes over after a crash in between finds them and carries the same step out again: jobs that were changed already
 * tell so by their history.
 */
export const stepRun = async (deps: StepDeps, id: string): Promise<number | null> => {
  const { engine, me } = deps
  const now = await engine.now()
  const stored = await existingRun(engine, id)
  const { document } = stored
  if (document.state !== 'running') return null
  const isMine = document.owner === me
  if (!isMine && document.leaseUntil > now) return BULK_SWEEP_MS
  if (document.pending.length > 0) return await carryOutPage(deps, stored, { isRepeated: true })
  if (document.stopBy !== null) return await finish(deps, id, 'stopped', `stopped by ${document.stopBy}`)
  const awaited = document.canary?.verdict === 'waiting' && document.canary.since !== null
  if (awaited) return await lookAtCanary(deps, id, document, now)
  if (document.isAtEnd) return await finish(deps, id, 'done', null)

  const found = await findNext(deps, stored)
  const taken = await updateRun(engine, id, (seen) =>
    // Somebody else was faster, or it is to be stopped.
    seen.page !== document.page || seen.pending.length > 0 || seen.stopBy !== null
      ? null
      : {
          ...seen,
          ...{ pending: found.ids, cursor: found.cursor, isAtEnd: found.isAtEnd, page: seen.page + 1 },
          ...{ looked: seen.looked + found.looked, owner: me, leaseUntil: now + BULK_LEASE_MS },
          canary: found.isAtEnd && found.ids.length === 0 ? awaitedFrom(seen.canary, now) : seen.canary,
        },
  )
  const isTaken = taken.document.owner === me && taken.document.page === document.page + 1
  return isTaken && found.ids.length > 0 ? await carryOutPage(deps, taken, { isRepeated: false }) : 0
}

/** There is no more to send: what was sent is awaited. */
const awaitedFrom = (canary: BulkDocument['canary'], now: number): BulkDocument['canary'] =>
  canary === null ? null : { ...canary, since: canary.since ?? now }

interface Next {
  readonly ids: readonly string[]
  readonly cursor: string | null
  readonly isAtEnd: boolean
  readonly looked: number
}

const findNext = async ({ engine }: StepDeps, { document }: StoredRun): Promise<Next> => {
  const { of, cursor, canary, filter } = document
  if (of !== null) {
    const found = await nextPage(engine, of.id, cursor)
    const ids = Object.keys(found?.page.jobs ?? {})
    return { ids, cursor: found?.key ?? cursor, isAtEnd: found === null, looked: ids.length }
  }
  const wanted = canary?.verdict === 'waiting' ? canary.jobs - canary.sent.length : BULK_BATCH
  const { jobs, ...rest } = await find(engine, filter, cursor, wanted)
  return { ids: jobs.map((job) => job.id), ...rest }
}

/** Whether the job was changed by this run already: a step that is repeated after a crash. */
const isDone = (run: string, { history }: JobRecord): boolean =>
  parseHistory(history).some(({ bulk }) => bulk === run)

const carryOutPage = async (
  deps: StepDeps,
  { id, document }: StoredRun,
  { isRepeated }: { readonly isRepeated: boolean },
): Promise<number> => {
  const { engine, me } = deps
  const { action, of, pending, page, by, kept, cursor } = document
  const fared: Fared[] = []
  let open: readonly string[] = pending
  if (isRepeated) {
    const records = await engine.get(pending)
    open = pending.filter((_, i) => {
      const record = records[i] ?? null
      return record === null ? action !== 'remove' : !isDone(id, record)
    })
    for (const done of pending) if (!open.includes(done)) fared.push({ id: done, ok: true })
  }
  const isKept = (action === 'remove' || action === 'cancel') && kept < BULK_UNDO_MAX
  const keep = (records: readonly JobRecord[]): Promise<void> =>
    keepPage(engine, { run: id, page, whole: action === 'remove' }, records)
  if (action === 'undo')
    fared.push(...(await undoPage(deps, { run: id, of, key: cursor ?? '', ids: open, by })))
  else if (open.length > 0)
    fared.push(
      ...(await carryOut(deps, open, ACTION[action](document), {
        by,
        bulk: id,
        ...(isKept ? { keep } : {}),
      })),
    )

  const now = await engine.now()
  await updateRun(engine, id, (seen) =>
    seen.page !== page || seen.pending.length === 0
      ? null
      : { ...noted(seen, fared, now, isKept), pending: [], owner: me, leaseUntil: now + BULK_LEASE_MS },
  )
  return 0
}

const noted = (seen: BulkDocument, fared: readonly Fared[], now: number, isKept: boolean): BulkDocument => {
  const ok = fared.filter((one) => one.ok)
  const refusals = fared.flatMap(({ id, error }) =>
    error === undefined ? [] : { id, code: error.code, message: error.message },
  )
  const next = {
    ...seen,
    done: seen.done + ok.length,
    refused: seen.refused + refusals.length,
    refusals: [...seen.refusals, ...refusals].slice(0, BULK_REFUSALS_MAX),
    kept: seen.kept + (isKept ? ok.length : 0),
  }
  const { canary } = seen
  if (canary?.verdict !== 'waiting' || canary.since !== null) return next
  const sent = [...canary.sent, ...ok.map(({ id }) => id)]
  // All of it was sent, or there is no more to send: from now on it is awaited.
  const isWhole = sent.length >= canary.jobs || seen.isAtEnd
  return { ...next, canary: { ...canary, sent, since: isWhole ? now : null } }
}

const lookAtCanary = async (
  deps: StepDeps,
  id: string,
  { canary }: BulkDocument,
  now: number,
): Promise<number | null> => {
  if (canary === null) return 0
  const jobs = await deps.engine.get(canary.sent)
  const judged = judgeCanary(canary, jobs.map(canaryEnd), now)
  if (judged.verdict === 'failed' || judged.verdict === 'late')
    return await finish(deps, id, 'stopped', canaryWhy(judged), judged)
  const { document } = await updateRun(deps.engine, id, (seen) =>
    JSON.stringify(seen.canary) === JSON.stringify(judged) ? null : { ...seen, canary: judged },
  )
  return document.canary?.verdict === 'passed' ? 0 : BULK_SWEEP_MS
}

const finish = async (
  { engine, logger, audit }: StepDeps,
  id: string,
  state: 'done' | 'stopped',
  why: string | null,
  canary?: BulkDocument['canary'],
): Promise<null> => {
  const finishedAt = await engine.now()
  const { document } = await updateRun(
    engine,
    id,
    (seen) =>
      seen.state !== 'running'
        ? null
        : {
            ...seen,
            state,
            why,
            finishedAt,
            owner: null,
            leaseUntil: 0,
            ...(canary === undefined ? {} : { canary }),
          },
    // Written with the end itself, so that it is told once, whoever finds the end.
    ({ by, action, done, refused, refusals }) => [
      audit.writeOf(
        {
          ...{ by, action: 'bulk.end', bulk: id, count: done + refused, refused },
          details: { action, state, ...(why === null ? {} : { why }), done },
          ...(refusals[0] === undefined ? {} : { error: refusals[0] }),
        },
        finishedAt,
      ),
    ],
  )
  logger.info(
    { bulk: id, action: document.action, state, done: document.done, refused: document.refused },
    'bulk run over',
  )
  return null
}

/** Whether an error says that the run itself is gone, and not that the store failed. */
export const isGone = (error: unknown): boolean => isPosthasteError(error, 'E_BULK_MISSING')
