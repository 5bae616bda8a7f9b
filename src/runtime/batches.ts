import {
  type BatchDocument,
  type BatchEvent,
  type BatchNumbers,
  type BatchState,
  eventsOfBatch,
  NO_JOBS,
  stateOfBatch,
} from '../core/batch.ts'
import { PosthasteError } from '../core/errors.ts'
import type { NewJob, RecordWrite } from '../core/job.ts'
import { BATCH_CHILDREN_MAX, ENGINE_BATCH_MAX, REASON_LENGTH_MAX } from '../core/limits.ts'
import type { AddedJob } from './added.ts'
import { checkId, checkText, refuse, refuseUnknown } from './arguments.ts'
import type { AddedRef, Client } from './client.ts'
import type { RuntimeDeps } from './deps.ts'
import type { AddOptions } from './options.ts'
import type { Prepare } from './prepare.ts'
import type { AnyTask } from './task.ts'
import type { AddItem } from './types.ts'

/** A batch as everybody outside sees it. */
export interface BatchInfo {
  readonly id: string
  readonly description: string | null
  /** `open`: it may grow. `running`: closed, not all done. `succeeded`, `failed`: nothing left to do. */
  readonly state: BatchState
  readonly createdAt: Date
  readonly closedAt: Date | null
  readonly finishedAt: Date | null
  readonly parent: string | null
  readonly children: readonly { readonly id: string; readonly state: 'open' | 'succeeded' | 'failed' }[]
  /** Jobs that were ever added to it. */
  readonly total: number
  readonly pending: number
  readonly completed: number
  readonly cancelled: number
  readonly dead: number
  /** Removed before they were finished. */
  readonly removed: number
  /** The part of its jobs that is done, 0 … 1. */
  readonly progress: number
  /** The callbacks: the job of each, and whether it was added. */
  readonly callbacks: { readonly [E in BatchEvent]?: { readonly id: string; readonly fired: boolean } }
}

export interface BatchOptions {
  readonly description?: string
  /** Added when every job of the closed batch was completed. */
  readonly onSuccess?: AddItem
  /** Added when the closed batch has nothing left to do, however it went. */
  readonly onFinish?: AddItem
  /** Added when the first of its jobs is dead. */
  readonly onDeath?: AddItem
  /** The id of the batch that this one is a part of; that one is not done before this one is. */
  readonly parent?: string
}

/** An open batch in the hands of who made it. */
export interface Batch {
  readonly id: string
  add(task: string | AnyTask, payload: unknown, options?: Omit<AddOptions, 'batch'>): Promise<AddedJob>
  addMany(items: readonly Omit<AddItem, 'batch'>[]): Promise<AddedRef[]>
  /** No jobs come any more: from now on the batch can be done. Safe to repeat. */
  close(): Promise<BatchInfo>
  status(): Promise<BatchInfo>
}

export interface Batches {
  create(options?: BatchOptions): Promise<Batch>
  get(id: string): Promise<BatchInfo | null>
  close(id: string): Promise<BatchInfo>
  /** Newest first by id; `after` is the id of the last one of the page before. */
  list(options?: { readonly after?: string; readonly limit?: number }): Promise<BatchInfo[]>
  /** @throws E_BATCH_MISSING, E_STATE when it is closed */
  checkOpen(id: string): Promise<void>
  /** The maintainer's: decides about batches of which there is news. */
  decide(ids: readonly string[]): Promise<void>
  /** The maintainer's: forgets batches that finished so long ago. */
  prune(ageMs: number): Promise<void>
}

const COLLECTION = 'batches'
const OPTION_NAMES: ReadonlySet<string> = new Set([
  ...['description', 'onSuccess', 'onFinish', 'onDeath', 'parent'],
])
/** A batch that changes under us is read and judged again this often. */
const ROUNDS_MAX = 20

export interface BatchesDeps extends Pick<RuntimeDeps, 'engine' | 'logger' | 'newId'> {
  readonly prepare: Prepare
  readonly client: Client
}

interface Stored {
  readonly id: string
  readonly version: number
  readonly document: BatchDocument
  readonly numbers: BatchNumbers
}

export const createBatches = ({ engine, logger, newId, prepare, client }: BatchesDeps): Batches => {
  const read = async (ids: readonly string[]): Promise<(Stored | null)[]> => {
    const keys = ids.map((key) => ({ collection: COLLECTION, key }))
    const [records, rows] = await Promise.all([engine.getRecords(keys), engine.batches(ids)])
    return ids.map((id, i) => {
      const record = records[i]
      if (!record) return null
      const document = JSON.parse(record.value) as BatchDocument
      return { id, version: record.version, document, numbers: rows[i] ?? NO_JOBS }
    })
  }

  const existing = async (id: string): Promise<Stored> => {
    const [stored] = await read([id])
    if (stored) return stored
    throw new PosthasteError('E_BATCH_MISSING', `There is no batch ${id}.`, { field: 'batch' })
  }

  const writeOf = (
    { id, version }: Pick<Stored, 'id' | 'version'>,
    document: BatchDocument,
  ): RecordWrite => ({
    ...{ collection: COLLECTION, key: id, value: JSON.stringify(document), expect: version, ttlMs: null },
  })

  /** Reads a batch and writes what `change` makes of it, until nobody comes in between; null: nothing to write. */
  const update = async (id: string, change: (stored: Stored) => BatchDocument | null): Promise<Stored> => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const stored = await existing(id)
      const document = change(stored)
      if (document === null) return stored
      const [verdict] = await engine.putRecords([writeOf(stored, document)])
      if (verdict?.status === 'ok') return { ...stored, document, version: verdict.version }
    }
    throw new PosthasteError('E_CONFLICT', `Batch ${id} kept changing.`)
  }

  const callback = async (item: AddItem | undefined, field: string): Promise<NewJob | undefined> => {
    if (item === undefined) return undefined
    if (typeof item !== 'object' || item === null) return refuse(field, 'is not an object')
    return await prepare(item.task, item.payload, item, `${field}.`)
  }

  /** Tells the parent what became of a batch within it; its document and the child's are written together. */
  const ofParent = async (stored: Stored): Promise<RecordWrite[]> => {
    const { parent } = stored.document
    const state = stateOfBatch(stored.document, stored.numbers)
    if (parent === null || (state !== 'succeeded' && state !== 'failed')) return []
    const [above] = await read([parent])
    if (!above || above.document.children[stored.id] === state) return []
    const children = { ...above.document.children, [stored.id]: state }
    return [writeOf(above, { ...above.document, children })]
  }

  const decideOne = async (id: string): Promise<void> => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const [stored] = await read([id])
      if (!stored) return
      const { document, numbers } = stored
      const events = eventsOfBatch(document, numbers)
      const now = await engine.now()
      const above = await ofParent(stored)
      if (events.length === 0 && above.length === 0) return
      const finishedAt = events.includes('finish') ? now : document.finishedAt
      const next = { ...document, finishedAt, fired: [...document.fired, ...events] }
      const jobs = events.flatMap((event) => document.callbacks[event] ?? [])
      const { recordsOk } = await engine.insert(jobs, { records: [writeOf(stored, next), ...above] })
      if (!recordsOk) continue
      logger.debug({ batch: id, events }, 'a batch was decided about')
      if (document.parent !== null && above.length > 0) await decideOne(document.parent)
      return
    }
    throw new PosthasteError('E_CONFLICT', `Batch ${id} kept changing.`)
  }

  const checkOpen = async (id: string): Promise<void> => {
    const { document } = await existing(id)
    if (document.closedAt !== null)
      throw new PosthasteError('E_STATE', `Batch ${id} is closed.`, { field: 'batch' })
  }

  const close = async (id: string): Promise<BatchInfo> => {
    const now = await engine.now()
    await update(checkId(id, 'id'), ({ document }) =>
      document.closedAt === null ? { ...document, closedAt: now } : null,
    )
    // It may be done already: nothing else would say so.
    await decideOne(id)
    return toInfo(await existing(id))
  }

  const handle = (id: string): Batch => ({
    id,
    async add(task, payload, options) {
      await checkOpen(id)
      return client.add(task, payload, { ...options, batch: id })
    },
    async addMany(items) {
      await checkOpen(id)
      return client.addMany(items.map((item) => ({ ...item, batch: id })))
    },
    close: () => close(id),
    status: async () => toInfo(await existing(id)),
  })

  return {
    async create(options = {}) {
      if (typeof options !== 'object' || options === null) refuse('options', 'is not an object')
      refuseUnknown(options, OPTION_NAMES, 'options')
      const { description, parent } = options
      const callbacks = {
        // Those that happen together run in the order of their ids.
        death: await callback(options.onDeath, 'onDeath'),
        finish: await callback(options.onFinish, 'onFinish'),
        success: await callback(options.onSuccess, 'onSuccess'),
      }
      const id = newId()
      const document: BatchDocument = {
        description:
          description === undefined ? null : checkText(description, 'description', REASON_LENGTH_MAX),
        createdAt: await engine.now(),
        closedAt: null,
        finishedAt: null,
        parent: parent === undefined ? null : checkId(parent, 'parent'),
        children: {},
        // Those that were not given are left out of the JSON.
        callbacks: JSON.parse(JSON.stringify(callbacks)) as BatchDocument['callbacks'],
        fired: [],
      }
      // First in its parent: a batch that nobody has yet can do no harm there, one that is missing there could.
      if (parent !== undefined) {
        await update(parent, ({ document: above }) => {
          if (above.closedAt !== null)
            throw new PosthasteError('E_STATE', `Batch ${parent} is closed.`, { field: 'parent' })
          if (Object.keys(above.children).length >= BATCH_CHILDREN_MAX)
            refuse('parent', `has ${BATCH_CHILDREN_MAX} batches already`)
          return { ...above, children: { ...above.children, [id]: 'open' } }
        })
      }
      await engine.putRecords([writeOf({ id, version: 0 }, document)])
      return handle(id)
    },
    async get(id) {
      const [stored] = await read([checkId(id, 'id')])
      return stored ? toInfo(stored) : null
    },
    close,
    async list({ after, limit = 50 } = {}) {
      const records = await engine.listRecords({
        ...{ collection: COLLECTION, prefix: '', after: after ?? null },
        limit: Math.min(limit, ENGINE_BATCH_MAX),
      })
      const stored = await read(records.map(({ key }) => key))
      return stored.flatMap((one) => (one ? [toInfo(one)] : []))
    },
    checkOpen,
    async decide(ids) {
      for (const id of ids) await decideOne(id)
    },
    async prune(ageMs) {
      const now = await engine.now()
      let after: string | null = null
      for (;;) {
        const page = await engine.listRecords({
          ...{ collection: COLLECTION, prefix: '', after, limit: ENGINE_BATCH_MAX },
        })
        const old = page.filter(({ value }) => {
          const { finishedAt, fired } = JSON.parse(value) as BatchDocument
          return fired.includes('finish') && finishedAt !== null && finishedAt <= now - ageMs
        })
        if (old.length > 0) {
          // The numbers go first: a crash in between leaves a document that is found again.
          await engine.forgetBatches(old.map(({ key }) => key))
          await engine.putRecords(
            old.map(({ collection, key }) => ({ collection, key, value: null, expect: null, ttlMs: null })),
          )
        }
        after = page.at(-1)?.key ?? null
        if (page.length < ENGINE_BATCH_MAX || after === null) return
      }
    },
  }
}

const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))

const toInfo = ({ id, document, numbers }: Stored): BatchInfo => {
  const { unfinished, ...ends } = numbers
  const done = ends.completed + ends.cancelled + ends.dead + ends.removed
  const total = unfinished + done
  const callbacks = Object.entries(document.callbacks).map(([event, job]) => [
    event,
    { id: job.id, fired: document.fired.includes(event as BatchEvent) },
  ])
  return {
    id,
    description: document.description,
    state: stateOfBatch(document, numbers),
    createdAt: new Date(document.createdAt),
    closedAt: date(document.closedAt),
    finishedAt: date(document.finishedAt),
    parent: document.parent,
    children: Object.entries(document.children).map(([child, state]) => ({ id: child, state })),
    total,
    pending: unfinished,
    ...ends,
    progress: total === 0 ? 0 : done / total,
    callbacks: Object.fromEntries(callbacks) as BatchInfo['callbacks'],
  }
}
