import { type Action, type Actor, decideAction } from '../core/decide.ts'
import { PosthasteError } from '../core/errors.ts'
import type { CancelRequest, Change, JobRecord } from '../core/job.ts'
import { isFinished, isJobState, type To } from '../core/states.ts'
import { shown } from '../core/text.ts'
import type { Job } from '../core/view.ts'
import type { ChangeVerdict, Engine, LeaseVerdict } from '../engines/engine.ts'
import type { RuntimeDeps } from './deps.ts'

/** What became of one of several jobs: its newest form, or why it was refused. */
export type Controlled =
  | { readonly id: string; readonly ok: true; readonly job: Job }
  | { readonly id: string; readonly ok: false; readonly error: PosthasteError }

export interface CarryOutDeps extends Pick<RuntimeDeps, 'engine' | 'events' | 'logger'> {
  readonly view: (record: JobRecord) => Job
}

/** A job that changes under us is read and judged again this often before the caller is told E_CONFLICT. */
const ROUNDS_MAX = 8

type Outcome =
  | { readonly error: PosthasteError }
  /** The job as it was read; `to` is what it was changed to, null when it runs or was so already. */
  | { readonly record: JobRecord; readonly to: To | null; readonly changed: boolean }

/** Who acts, within which bulk run, and what is to be done before jobs are changed: with them as they are now. */
export interface Who extends Pick<Actor, 'by' | 'bulk'> {
  readonly keep?: (records: readonly JobRecord[]) => Promise<void>
}

interface Order extends Actor {
  /** Each job may have an action of its own. */
  readonly actionOf: (id: string) => Action
  readonly keep: Who['keep']
}

/**
 * An operator's action on at most ENGINE_BATCH_MAX different jobs: read, decide, compare and set; what changed in
 * between is read again.
 */
export const carryOut = async (
  deps: CarryOutDeps,
  ids: readonly string[],
  action: Action | ((id: string) => Action),
  { by, bulk, keep }: Who,
): Promise<Controlled[]> => {
  const { engine } = deps
  const actionOf = typeof action === 'function' ? action : () => action
  const at = await engine.now()
  const order: Order = { actionOf, keep, by, at, ...(bulk === undefined ? {} : { bulk }) }
  const outcomes = new Map<string, Outcome>()
  let open = ids
  for (let round = 0; round < ROUNDS_MAX && open.length > 0; round++) {
    open = await tryOnce(engine, open, order, outcomes)
  }
  for (const id of open) {
    const what = `Job ${id} kept changing while it was told to ${actionOf(id).kind}.`
    outcomes.set(id, { error: new PosthasteError('E_CONFLICT', what) })
  }
  const newest = await readNewest(engine, outcomes)
  return ids.map((id) => tell(deps, order, id, outcomes.get(id) as Outcome, newest.get(id)))
}

/** Notes the outcomes that are clear and answers the ids to try again. */
const tryOnce = async (
  engine: Engine,
  ids: readonly string[],
  { actionOf, keep, ...actor }: Order,
  outcomes: Map<string, Outcome>,
): Promise<string[]> => {
  const records = await engine.get(ids)
  const changes: { record: JobRecord; change: Change }[] = []
  const requests: { record: JobRecord; request: CancelRequest }[] = []
  for (const [i, id] of ids.entries()) {
    const record = records[i] ?? null
    if (record === null) {
      outcomes.set(id, {
        error: new PosthasteError('E_JOB_MISSING', `There is no job ${id}.`, { field: 'id' }),
      })
      continue
    }
    const decision = decideAction(record, actionOf(id), actor)
    if (decision.kind === 'change') changes.push({ record, change: decision.change })
    else if (decision.kind === 'request_cancel') requests.push({ record, request: decision.request })
    else if (decision.kind === 'nothing') outcomes.set(id, { record, to: null, changed: false })
    else outcomes.set(id, { error: refused(record, decision.why) })
  }

  if (keep !== undefined && changes.length > 0) await keep(changes.map(({ record }) => record))
  const [changed, requested] = await Promise.all([
    changes.length === 0 ? [] : engine.change(changes.map(({ change }) => change)),
    requests.length === 0
      ? []
      : engine.requestCancel(requests.map(({ record, request }) => ({ id: record.id, request }))),
  ])
  const again: string[] = []
  const note = (
    record: JobRecord,
    to: To | null,
    verdict: ChangeVerdict['status'] | LeaseVerdict | undefined,
  ): void => {
    // Stale or missing: it is not as it was read. The next round finds out what it is.
    if (verdict === 'ok') outcomes.set(record.id, { record, to, changed: true })
    else again.push(record.id)
  }
  for (const [i, { record, change }] of changes.entries()) {
    const verdict = changed[i]
    if (verdict?.status === 'key_taken') outcomes.set(record.id, { error: keyTaken(record, verdict.holder) })
    else note(record, change.to, verdict?.status)
  }
  for (const [i, { record }] of requests.entries()) note(record, null, requested[i])
  return again
}

const readNewest = async (
  engine: Engine,
  outcomes: ReadonlyMap<string, Outcome>,
): Promise<ReadonlyMap<string, JobRecord | null>> => {
  const ids = [...outcomes].flatMap(([id, outcome]) =>
    'error' in outcome || outcome.to === 'removed' ? [] : [id],
  )
  const records = ids.length === 0 ? [] : await engine.get(ids)
  return new Map(ids.map((id, i) => [id, records[i] ?? null]))
}

/** What was removed is answered as it last was; everything else as it is now. */
const tell = (
  { events, logger, view }: CarryOutDeps,
  { actionOf, by }: Order,
  id: string,
  outcome: Outcome,
  newest: JobRecord | null | undefined,
): Controlled => {
  if ('error' in outcome) return { id, ok: false, error: outcome.error }
  const job = view(newest ?? outcome.record)
  const { to, changed } = outcome
  if (changed) {
    const { task, queue, state } = job
    logger.info({ job: id, task, queue, state, by, action: actionOf(id).kind }, 'job changed')
  }
  // When it is something else by now, somebody else did that, and tells it.
  if (to !== null && isJobState(to) && isFinished(to) && job.state === to) events.emit(to, job)
  return { id, ok: true, job }
}

const refused = ({ id, state }: JobRecord, why: string): PosthasteError =>
  new PosthasteError('E_STATE', `Job ${id}: ${why}`, { data: { state } })

const keyTaken = ({ id, key }: JobRecord, holder: string): PosthasteError => {
  const what = `Job ${id} cannot live again: job ${holder} holds its key ${shown(key)}.`
  return new PosthasteError('E_KEY_TAKEN', what, { data: { holder } })
}
