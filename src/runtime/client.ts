import { setImmediate as nextTurn } from 'node:timers/promises'
import { isPosthasteError, PosthasteError } from '../core/errors.ts'
import type { JobRecord, NewJob } from '../core/job.ts'
import { ADD_MANY_MAX, ENGINE_BATCH_MAX } from '../core/limits.ts'
import type { Job } from '../core/view.ts'
import type { InsertAnswer, InsertVerdict } from '../engines/engine.ts'
import { type AddedJob, addedJob } from './added.ts'
import { refuse } from './arguments.ts'
import { addOnConflict } from './conflict.ts'
import type { RuntimeDeps } from './deps.ts'
import { createInserter, type Inserted } from './inserter.ts'
import type { AddManyOptions, AddOptions } from './options.ts'
import type { Prepare } from './prepare.ts'
import type { AnyTask } from './task.ts'
import { conflictOf } from './ties.ts'
import type { AddItem } from './types.ts'

/** What addMany answers for each job. */
export interface AddedRef {
  readonly id: string
  /** False: the job with this id is an unfinished one that has the key already. */
  readonly inserted: boolean
}

export interface Client {
  add(task: string | AnyTask, payload: unknown, options?: AddOptions): Promise<AddedJob>
  addMany(items: readonly AddItem[], options?: AddManyOptions): Promise<AddedRef[]>
}

export interface ClientDeps extends Pick<RuntimeDeps, 'engine' | 'events' | 'logger'> {
  readonly prepare: Prepare
  readonly view: (record: JobRecord) => Job
  /** What a task says, for jobs that have no number of their own. */
  readonly maxRetriesOf: (task: string) => number | undefined
  /** Throws unless the batch is open. */
  readonly checkBatch: (id: string) => Promise<void>
}

/** Batches of addMany that are sent before the first of them is answered. */
const BATCHES_AHEAD = 2

export const createClient = (deps: ClientDeps): Client => {
  const { engine, events, logger, prepare, view, maxRetriesOf } = deps
  const gathered = createInserter(engine)

  /** What a job is bound to must be there: a mistake is told at once, though the rules would find it, too. */
  const checkTies = async ({ ties }: NewJob): Promise<void> => {
    if (ties === null) return
    if (ties.batch !== null) await deps.checkBatch(ties.batch)
    if (ties.parents.length === 0) return
    const parents = await engine.get(ties.parents.map(({ id }) => id))
    const missing = ties.parents[parents.indexOf(null)]
    if (missing === undefined) return
    throw new PosthasteError('E_PARENT_MISSING', `There is no job ${missing.id}.`, { field: 'after' })
  }

  /** An engine that knows nothing of transactions must not get to write outside of one. */
  const insertWithin = (jobs: readonly NewJob[], tx: object): Promise<InsertAnswer> => {
    const { kind, callerTransactions } = engine.info()
    if (callerTransactions) return engine.insert(jobs, { tx })
    const what = `The ${kind} engine cannot join the transaction in tx.`
    throw new PosthasteError('E_TX_UNSUPPORTED', what, { field: 'tx' })
  }

  /** The caller's transaction is not shared with anyone: its insert goes alone. */
  const insertOne = async (job: NewJob, tx: object): Promise<Inserted> => {
    const { verdicts, now } = await insertWithin([job], tx)
    return { verdict: verdicts[0] as InsertVerdict, now }
  }

  const store = async (job: NewJob, { tx, ...options }: AddOptions = {}): Promise<AddedJob> => {
    const onConflict = conflictOf(options)
    if (tx !== undefined && onConflict !== 'keep' && onConflict !== 'reject')
      refuse('key.onConflict', `is "${onConflict}", which cannot be done within the transaction in tx`)
    // What the same transaction added is not seen from here.
    if (job.ties !== null && tx === undefined) await checkTies(job)
    const { verdict, now } = await (tx === undefined ? gathered(job) : insertOne(job, tx))
    if (verdict.status === 'inserted') {
      const added = addedJob(job, now, maxRetriesOf(job.task))
      // Nobody knows yet whether it will exist.
      if (tx !== undefined) return added
      logger.debug({ job: job.id, task: job.task, queue: job.queue, state: added.state }, 'job added')
      events.emit('added', added)
      return added
    }
    const outcome = await addOnConflict(engine, job, verdict.id, onConflict)
    if ('job' in outcome) {
      const { job: stored, kind, other } = outcome
      const added = { ...addedJob(stored, now, maxRetriesOf(job.task)), outcome: kind, other }
      logger.debug({ job: job.id, task: job.task, queue: job.queue, outcome: kind, other }, 'job added')
      events.emit('added', added)
      return added
    }
    // The holder may be invisible from here (added in the same open transaction) or gone by now: then it is shown as
    // what was asked for, under the holder's id.
    const [holder] = await engine.get([outcome.holder])
    const found = holder
      ? view(holder)
      : addedJob({ ...job, id: outcome.holder }, now, maxRetriesOf(job.task))
    return Object.assign(found, { inserted: false, outcome: outcome.kind, other: outcome.holder })
  }

  /** What fails halfway is the transaction's to take back. */
  const addAllWithin = async (jobs: readonly NewJob[], tx: object): Promise<AddedRef[]> => {
    const added: AddedRef[] = []
    for (let i = 0; i < jobs.length; i += ENGINE_BATCH_MAX) {
      const { verdicts } = await insertWithin(jobs.slice(i, i + ENGINE_BATCH_MAX), tx)
      for (const { status, id } of verdicts) added.push({ id, inserted: status === 'inserted' })
    }
    return added
  }

  const prepareAll = async (items: readonly AddItem[]): Promise<NewJob[]> => {
    const jobs: NewJob[] = []
    for (const [i, item] of items.entries()) {
      if (typeof item !== 'object' || item === null) refuse(`items[${i}]`, 'is not an object')
      const job = prepare(item.task, item.payload, item, `items[${i}].`)
      if (conflictOf(item) !== 'keep')
        refuse(
          `items[${i}].key.onConflict`,
          'is something else than "keep": many jobs are added without a look',
        )
      jobs.push(job instanceof Promise ? await job : job)
      // Checking a hundred thousand jobs takes long enough to starve the heartbeats of this process's workers.
      if (i % ENGINE_BATCH_MAX === ENGINE_BATCH_MAX - 1) await nextTurn()
    }
    return jobs
  }

  return {
    // Not async: a synchronous schema costs no turn of its own, so that the adds of one turn are gathered.
    add(task, payload, options) {
      try {
        const job = prepare(task, payload, options)
        return job instanceof Promise ? job.then((one) => store(one, options)) : store(job, options)
      } catch (error) {
        return Promise.reject(error)
      }
    },

    async addMany(items, { tx } = {}) {
      if (!Array.isArray(items)) refuse('items', 'is not an array')
      if (items.length > ADD_MANY_MAX) {
        const what = `items has ${items.length} jobs; ${ADD_MANY_MAX} is the most.`
        throw new PosthasteError('E_BATCH_TOO_LARGE', what, { field: 'items', data: { limit: ADD_MANY_MAX } })
      }
      // All are checked before the first is stored: a bad one leaves nothing half done.
      const jobs = await prepareAll(items)
      if (tx !== undefined) return addAllWithin(jobs, tx)
      const added: AddedRef[] = []
      const record = (batch: readonly NewJob[], { now, verdicts }: InsertAnswer): void => {
        for (const { status, id } of verdicts) added.push({ id, inserted: status === 'inserted' })
        if (!events.has('added')) return
        for (const [n, job] of batch.entries()) {
          if (verdicts[n]?.status === 'inserted') {
            events.emit('added', addedJob(job, now, maxRetriesOf(job.task)))
          }
        }
      }
      // One batch is copied to the store while it writes the one before; they are answered in order.
      const underWay: { readonly batch: readonly NewJob[]; readonly answer: Promise<InsertAnswer> }[] = []
      const next = async (): Promise<void> => {
        const one = underWay.shift()
        if (one !== undefined) record(one.batch, await one.answer)
      }
      try {
        for (let i = 0; i < jobs.length; i += ENGINE_BATCH_MAX) {
          const batch = jobs.slice(i, i + ENGINE_BATCH_MAX)
          underWay.push({ batch, answer: engine.insert(batch) })
          if (underWay.length > BATCHES_AHEAD) await next()
        }
        while (underWay.length > 0) await next()
      } catch (error) {
        // What was under way behind the failure may be stored all the same.
        for (const { batch, answer } of underWay)
          await answer.then((one) => record(batch, one)).catch(() => undefined)
        throw halfway(error, added, jobs.length)
      }
      logger.debug({ jobs: added.length }, 'jobs added')
      return added
    },
  }
}

/** A failure of one batch says how many jobs are stored, and which. */
const halfway = (error: unknown, added: readonly AddedRef[], total: number): unknown => {
  if (added.length === 0 || !isPosthasteError(error)) return error
  const what = `After ${added.length} of ${total} jobs were stored: ${error.message}`
  return new PosthasteError(error.code, what, { cause: error, data: { ...error.data, added } })
}
