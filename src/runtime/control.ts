import { type Action, decideAction } from '../core/decide.ts'
import { PosthasteError } from '../core/errors.ts'
import type { CancelRequest, Change, JobRecord } from '../core/job.ts'
import { ENGINE_BATCH_MAX, REASON_LENGTH_MAX } from '../core/limits.ts'
import { checkName } from '../core/names.ts'
import { isFinished } from '../core/states.ts'
import { shown } from '../core/text.ts'
import type { Job } from '../core/view.ts'
import type { ChangeVerdict, LeaseVerdict } from '../engines/engine.ts'
import { checkId, checkText, refuse } from './arguments.ts'
import type { RuntimeDeps } from './deps.ts'

export interface ControlOptions {
  /** Who acts, for the job's history. Default 'library'. */
  readonly by?: string
}
export interface CancelOptions extends ControlOptions {
  /** Kept in the history and told to the handler. */
  readonly reason?: string
}
export interface ResolveOptions extends CancelOptions {
  readonly to: 'ready' | 'completed' | 'dead' | 'cancelled'
}

/** What became of one of several jobs: its newest form, or why it was refused. */
export type Controlled =
  | { readonly id: string; readonly ok: true; readonly job: Job }
  | { readonly id: string; readonly ok: false; readonly error: PosthasteError }

/**
 * An action on one job, or on several. One id answers the job as it is now and throws when it is refused; a list
 * answers what became of each, in its order, and throws only for bad arguments and when the store fails.
 */
export interface Act<Options> {
  (id: string, options?: Options): Promise<Job>
  (ids: readonly string[], options?: Options): Promise<Controlled[]>
}
export interface ActWith<Options> {
  (id: string, options: Options): Promise<Job>
  (ids: readonly string[], options: Options): Promise<Controlled[]>
}

export interface Control {
  readonly cancel: Act<CancelOptions>
  readonly retry: Act<ControlOptions>
  readonly remove: Act<ControlOptions>
  readonly runNow: Act<ControlOptions>
  readonly resolve: ActWith<ResolveOptions>
  pause(queue: string | readonly string[], options?: ControlOptions): Promise<void>
  resume(queue: string | readonly string[], options?: ControlOptions): Promise<void>
}

/** A job that changes under us is read and judged again this often before the caller is told E_CONFLICT. */
const ROUNDS_MAX = 8
const WHO_DEFAULT = 'library'
const WHO_LENGTH_MAX = 128

export interface ControlDeps extends Pick<RuntimeDeps, 'engine' | 'events' | 'logger'> {
  readonly view: (record: JobRecord) => Job
}

export const createControl = (deps: ControlDeps): Control => {
  const { engine, events, logger } = deps

  const act = async (
    ids: unknown,
    action: Action,
    options: ControlOptions = {},
  ): Promise<Job | Controlled[]> => {
    const by = checkWho(options.by)
    if (!Array.isArray(ids)) {
      const [only] = await carryOut(deps, [checkId(ids)], action, by)
      if (only?.ok === true) return only.job
      throw only?.error
    }
    const distinct = [...new Set(ids.map((id, i) => checkId(id, `ids[${i}]`)))]
    const outcomes = new Map<string, Controlled>()
    for (let i = 0; i < distinct.length; i += ENGINE_BATCH_MAX) {
      const batch = await carryOut(deps, distinct.slice(i, i + ENGINE_BATCH_MAX), action, by)
      for (const outcome of batch) outcomes.set(outcome.id, outcome)
    }
    return ids.map((id) => outcomes.get(id) as Controlled)
  }

  const setPaused = async (queue: unknown, paused: boolean, options: ControlOptions = {}): Promise<void> => {
    const by = checkWho(options.by)
    const names = Array.isArray(queue) ? queue : [queue]
    const requests = names.map((name) => ({ queue: checkName(name, 'queue'), paused, by }))
    await engine.pause(requests)
    for (const { queue: name } of requests) {
      logger.info({ queue: name, by }, paused ? 'queue paused' : 'queue resumed')
      events.emit(paused ? 'paused' : 'resumed', { queue: name, by })
    }
  }

  // Async, so that a bad argument rejects like everything else.
  const methods = {
    cancel: async (ids: unknown, options?: CancelOptions) =>
      act(ids, { kind: 'cancel', reason: checkReason(options?.reason) }, options),
    retry: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'retry' }, options),
    remove: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'remove' }, options),
    runNow: async (ids: unknown, options?: ControlOptions) => act(ids, { kind: 'promote' }, options),
    resolve: async (ids: unknown, options?: ResolveOptions) => {
      const to = checkTarget(options?.to)
      return act(ids, { kind: 'resolve', to, reason: checkReason(options?.reason) }, options)
    },
  }
  return {
    // One id or a list: which answer belongs to which is told by the overloads of Act.
    ...(methods as Pick<Control, keyof typeof methods>),
    pause: (queue, options) => setPaused(queue, true, options),
    resume: (queue, options) => setPaused(queue, false, options),
  }
}

/** Read, decide, compare and set; what changed in between is read again. At most ENGINE_BATCH_MAX different ids. */
const carryOut = async (
  { engine, events, logger, view }: ControlDeps,
  ids: readonly string[],
  action: Action,
  by: string,
): Promise<Controlled[]> => {
  const at = await engine.now()
  const refused = new Map<string, PosthasteError>()
  const done = new Map<string, JobRecord>()
  const changed = new Set<string>()
  let open = ids

  for (let round = 0; round < ROUNDS_MAX && open.length > 0; round++) {
    const records = await engine.get(open)
    const changes: Change[] = []
    const requests: { id: string; request: CancelRequest }[] = []
    const read = new Map<string, JobRecord>()
    for (const [i, id] of open.entries()) {
      const record = records[i]
      if (record === null || record === undefined) {
        refused.set(id, new PosthasteError('E_JOB_MISSING', `There is no job ${id}.`, { field: 'id' }))
        continue
      }
      read.set(id, record)
      const decision = decideAction(record, action, { by, at })
      if (decision.kind === 'change') changes.push(decision.change)
      else if (decision.kind === 'request_cancel') requests.push({ id, request: decision.request })
      else if (decision.kind === 'nothing') done.set(id, record)
      else refused.set(id, refusedBecause(record, decision.why))
    }
    const [changeVerdicts, requestVerdicts] = await Promise.all([
      changes.length === 0 ? [] : engine.change(changes),
      requests.length === 0 ? [] : engine.requestCancel(requests),
    ])
    const again: string[] = []
    const note = (id: string, verdict: ChangeVerdict | LeaseVerdict | undefined): void => {
      const status = typeof verdict === 'object' ? verdict.status : verdict
      if (status === 'ok') {
        done.set(id, read.get(id) as JobRecord)
        changed.add(id)
      } else if (typeof verdict === 'object' && verdict.status === 'key_taken') {
        refused.set(id, keyTaken(read.get(id) as JobRecord, verdict.holder))
      } else {
        again.push(id)
      }
    }
    for (const [i, { id }] of changes.entries()) note(id, changeVerdicts[i])
    for (const [i, { id }] of requests.entries()) note(id, requestVerdicts[i])
    open = again
  }
  for (const id of open) {
    refused.set(
      id,
      new PosthasteError('E_CONFLICT', `Job ${id} kept changing while it was told to ${action.kind}.`),
    )
  }

  // What was removed is answered as it last was; everything else as it is now.
  const fresh = action.kind === 'remove' ? new Map(done) : await newest(engine.get, done)
  return ids.map((id): Controlled => {
    const error = refused.get(id)
    if (error !== undefined) return { id, ok: false, error }
    const job = view(fresh.get(id) as JobRecord)
    if (changed.has(id)) {
      logger.info(
        { job: id, task: job.task, queue: job.queue, state: job.state, by, action: action.kind },
        'job changed',
      )
      if (action.kind !== 'remove' && isFinished(job.state)) events.emit(job.state, job)
    }
    return { id, ok: true, job }
  })
}

const newest = async (
  get: RuntimeDeps['engine']['get'],
  records: ReadonlyMap<string, JobRecord>,
): Promise<Map<string, JobRecord>> => {
  if (records.size === 0) return new Map()
  const fresh = await get([...records.keys()])
  return new Map([...records].map(([id, record], i) => [id, fresh[i] ?? record]))
}

const refusedBecause = ({ id, state }: JobRecord, why: string): PosthasteError =>
  new PosthasteError('E_STATE', `Job ${id}: ${why}`, { data: { state } })

const keyTaken = ({ id, key }: JobRecord, holder: string): PosthasteError =>
  new PosthasteError(
    'E_KEY_TAKEN',
    `Job ${id} cannot live again: job ${holder} holds its key ${shown(key)}.`,
    {
      data: { holder },
    },
  )

const checkWho = (by: unknown): string =>
  by === undefined ? WHO_DEFAULT : checkText(by, 'by', WHO_LENGTH_MAX)

const checkReason = (reason: unknown): string | null =>
  reason === undefined || reason === null ? null : checkText(reason, 'reason', REASON_LENGTH_MAX)

const TARGETS = ['ready', 'completed', 'dead', 'cancelled'] as const

const checkTarget = (to: unknown): ResolveOptions['to'] =>
  TARGETS.find((target) => target === to) ?? refuse('to', `is ${shown(to)}; there are ${TARGETS.join(', ')}`)
