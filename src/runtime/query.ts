import { runAtMs } from '../core/durations.ts'
import { PosthasteError } from '../core/errors.ts'
import { isId } from '../core/ids.ts'
import type { JobRecord } from '../core/job.ts'
import { LOG_LINES_MAX, PAGE_SIZE, PAGE_SIZE_MAX } from '../core/limits.ts'
import { isJobState, JOB_STATES, type JobState } from '../core/states.ts'
import { taskName, taskVersion } from '../core/task-name.ts'
import { shown } from '../core/text.ts'
import type { Job } from '../core/view.ts'
import type { Engine, ListQuery, SortField, StoredLogLine } from '../engines/engine.ts'
import { checkId, checkText, checkWhole, refuse, refuseUnknown } from './arguments.ts'
import type { Instant } from './options.ts'
import { readCounts } from './stats.ts'

/** Filters of a list. Those that name several values match any of them; different filters must all match. */
export interface ListOptions {
  readonly state?: JobState | readonly JobState[]
  readonly queue?: string | readonly string[]
  /** Jobs of every version of its payload; `greet@2` stands for those of one version. */
  readonly task?: string | readonly string[]
  readonly group?: string
  readonly key?: string
  readonly ref?: string
  /** Jobs that wait, or waited, for this one. */
  readonly parent?: string
  /** Jobs of this batch. */
  readonly batch?: string
  readonly tag?: string
  readonly worker?: string
  /** A substring, upper and lower case alike, of id, task, queue, key, ref, tags, payload or error. */
  readonly search?: string
  readonly createdAfter?: Instant
  readonly createdBefore?: Instant
  /** A field, with '-' before it for descending. Default '-id': the newest first. */
  readonly sort?: SortField | `-${SortField}`
  /** `cursor` of the page before, with the same filters and sort. */
  readonly cursor?: string | null
  /** Jobs on a page, 1 … 200. Default 50. */
  readonly limit?: number
}

export interface Page {
  readonly jobs: Job[]
  /** For the next page; null: this was the last. */
  readonly cursor: string | null
  /** True: a search or an unindexed sort looked only at the newest part of a larger number of jobs. */
  readonly bounded: boolean
}

const FIELDS: ReadonlySet<string> = new Set<keyof ListOptions>([
  'state',
  'queue',
  'task',
  'group',
  'key',
  'ref',
  'parent',
  'batch',
  'tag',
  'worker',
  'search',
  'createdAfter',
  'createdBefore',
  'sort',
  'cursor',
  'limit',
])

/** What each field is sorted by: text, or a number that may be absent. */
const SORTS: { readonly [F in SortField]: 'text' | 'number' } = {
  id: 'text',
  task: 'text',
  queue: 'text',
  priority: 'number',
  state: 'text',
  attempt: 'number',
  createdAt: 'number',
  runAt: 'number',
  startedAt: 'number',
  finishedAt: 'number',
}

const FILTER_LENGTH_MAX = 512
const FILTER_VALUES_MAX = 100
const CURSOR_LENGTH_MAX = 2_000
const SORT_DEFAULT = '-id'

export interface Query {
  /** The job, or null. */
  get(id: string): Promise<Job | null>
  list(options?: ListOptions): Promise<Page>
  /** Lines of a job's log, oldest first, those after `after`. */
  logs(id: string, options?: LogOptions): Promise<StoredLogLine[]>
}
export interface LogOptions {
  /** The last line of the page before. */
  readonly after?: Pick<StoredLogLine, 'fence' | 'seq'> | null
  readonly limit?: number
}

export const createQuery = (engine: Engine, view: (record: JobRecord) => Job): Query => ({
  async get(id) {
    const [record] = await engine.get([checkId(id)])
    return record ? view(record) : null
  },

  async list(options = {}) {
    const sort = options.sort ?? SORT_DEFAULT
    const query = toListQuery(options, sort)
    const isEmpty = [query.states, query.queues, query.tasks].some((values) => values?.length === 0)
    if (isEmpty) return { jobs: [], cursor: null, bounded: false }
    const { jobs, more, bounded } = await engine.list(await withVersions(engine, query))
    const last = jobs.at(-1)
    const cursor = more && last !== undefined ? encodeCursor(sort, last.id, last[query.sort.field]) : null
    return { jobs: jobs.map(view), cursor, bounded }
  },

  async logs(id, { after = null, limit = LOG_LINES_MAX } = {}) {
    return engine.logs({ id: checkId(id), after, limit: checkWhole(limit, 'limit', 1, LOG_LINES_MAX) })
  },
})

/** Stores keep each version of a task's payload under a name of its own; which there are, the numbers tell. */
export const withVersions = async <Query extends Pick<ListQuery, 'tasks'>>(
  engine: Engine,
  query: Query,
): Promise<Query> => {
  if (query.tasks === undefined) return query
  const wanted = new Set(query.tasks)
  const versions = (await readCounts(engine)).flatMap(({ task }) => (wanted.has(taskName(task)) ? task : []))
  // The first version is stored under the plain name.
  const plain = query.tasks.map((task) => (taskVersion(task).version === 1 ? taskName(task) : task))
  return { ...query, tasks: [...new Set([...plain, ...versions])] }
}

/** @throws E_ARGUMENT, E_TIME, E_CURSOR naming the filter */
export const toListQuery = (options: ListOptions, sort: string): ListQuery => {
  if (typeof options !== 'object' || options === null) refuse('list', 'takes an object')
  refuseUnknown(options, FIELDS, 'list')
  const field = sort.startsWith?.('-') ? sort.slice(1) : sort
  if (!isSortField(field))
    return refuse('sort', `is ${shown(sort)}; there are ${Object.keys(SORTS).join(', ')}`)
  const { state, queue, task, createdAfter, createdBefore, cursor } = options
  const states = state === undefined ? undefined : values(state, 'state').map(checkState)
  return {
    ...(states === undefined ? {} : { states }),
    ...(queue === undefined ? {} : { queues: values(queue, 'queue') }),
    ...(task === undefined ? {} : { tasks: values(task, 'task') }),
    ...texts(options),
    ...(createdAfter === undefined ? {} : { createdAfter: runAtMs(createdAfter, 'createdAfter') }),
    ...(createdBefore === undefined ? {} : { createdBefore: runAtMs(createdBefore, 'createdBefore') }),
    sort: { field, descending: sort !== field },
    after: cursor === undefined || cursor === null ? null : decodeCursor(cursor, sort, field),
    limit: options.limit === undefined ? PAGE_SIZE : checkWhole(options.limit, 'limit', 1, PAGE_SIZE_MAX),
  }
}

const TEXT_FILTERS = ['group', 'key', 'ref', 'parent', 'batch', 'tag', 'worker', 'search'] as const

const texts = (options: ListOptions): { [F in (typeof TEXT_FILTERS)[number]]?: string } => {
  const given: { [F in (typeof TEXT_FILTERS)[number]]?: string } = {}
  for (const filter of TEXT_FILTERS) {
    const value = options[filter]
    // An empty search box searches for nothing in particular.
    if (value === undefined || (filter === 'search' && value === '')) continue
    given[filter] = checkText(value, filter, FILTER_LENGTH_MAX)
  }
  return given
}

const values = <T extends string>(given: T | readonly T[], field: string): T[] => {
  const list = typeof given === 'string' ? [given] : given
  if (!Array.isArray(list)) return refuse(field, `is ${shown(given)}, neither text nor a list of texts`)
  if (list.length > FILTER_VALUES_MAX)
    refuse(field, `names ${list.length} values; ${FILTER_VALUES_MAX} is the most`)
  return list.map((value) => checkText(value, field, FILTER_LENGTH_MAX) as T)
}

const checkState = (word: string): JobState =>
  isJobState(word) ? word : refuse('state', `is ${shown(word)}; there are ${JOB_STATES.join(', ')}`)

const isSortField = (word: unknown): word is SortField =>
  typeof word === 'string' && Object.hasOwn(SORTS, word)

/** Opaque to callers: where a page ended, and the sort that it belongs to. */
const encodeCursor = (sort: string, id: string, value: string | number | null): string =>
  Buffer.from(JSON.stringify([sort, id, value])).toString('base64url')

const decodeCursor = (cursor: string, sort: string, field: SortField): ListQuery['after'] => {
  const [of, id, value] = parseCursor(cursor)
  if (of !== sort) throw badCursor('belongs to another sort')
  const fits = SORTS[field] === 'text' ? typeof value === 'string' : value === null || Number.isInteger(value)
  if (!isId(id) || !fits) throw badCursor('was changed')
  return { id, value: value as string | number | null }
}

const parseCursor = (cursor: string): readonly unknown[] => {
  if (typeof cursor !== 'string' || cursor.length > CURSOR_LENGTH_MAX) throw badCursor('is no cursor')
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts) && parts.length === 3) return parts
  } catch {
    // Told below, like any other text that is no cursor.
  }
  throw badCursor('is no cursor')
}

const badCursor = (why: string): PosthasteError =>
  new PosthasteError('E_CURSOR', `cursor ${why}.`, { field: 'cursor' })
