import { type BulkAction, type BulkFilter, possibleStates, statesFor } from '../../core/bulk.ts'
import { type Duration, durationMs } from '../../core/durations.ts'
import { errorOfJob, fingerprintOf, isFingerprint } from '../../core/fingerprint.ts'
import type { JobRecord } from '../../core/job.ts'
import { PAGE_SIZE_MAX } from '../../core/limits.ts'
import { shown } from '../../core/text.ts'
import type { Engine, ListQuery } from '../../engines/engine.ts'
import { fitter } from '../../engines/fits.ts'
import { refuse, refuseUnknown } from '../arguments.ts'
import { type ListOptions, toListQuery } from '../query.ts'

/** Which jobs. Those of `list`, and two more; several values match any of them, different filters must all match. */
export interface BulkFilterOptions extends Omit<ListOptions, 'sort' | 'cursor' | 'limit'> {
  /** The kind of their newest error, as `deadLetters` names it. */
  readonly fingerprint?: string
  /** Added longer ago than this. */
  readonly olderThan?: Duration
}

const FIELDS: ReadonlySet<string> = new Set([
  ...['state', 'queue', 'task', 'group', 'key', 'ref', 'parent', 'batch', 'tag', 'worker', 'search'],
  ...['createdAfter', 'createdBefore', 'fingerprint', 'olderThan'],
])

/**
 * The filter as it is kept: checked, its states those in which the action is possible.
 * @param now the store's time, from which `olderThan` counts
 * @throws E_ARGUMENT and its kin naming the filter; also for one that says nothing, unless `all` says that it is meant
 */
export const toFilter = (
  action: BulkAction,
  given: BulkFilterOptions = {},
  { all, now }: { readonly all: boolean; readonly now: number },
): BulkFilter => {
  if (typeof given !== 'object' || given === null) refuse('filter', `is ${shown(given)}, not an object`)
  refuseUnknown(given, FIELDS, 'filter')
  const { fingerprint, olderThan, ...options } = given
  const { states: named, sort: _s, after: _a, limit: _l, ...query } = toListQuery(options, 'id')
  const states = statesFor(action, named)
  if (states.length === 0)
    refuse(
      'filter.state',
      `names no state in which a job can be told to ${action}: ${possibleStates(action).join(', ')}`,
    )
  if (fingerprint !== undefined && !(typeof fingerprint === 'string' && isFingerprint(fingerprint)))
    refuse('filter.fingerprint', `is ${shown(fingerprint)}, not 12 hex digits`)

  // A state says little: to name all that there are is to name none.
  const namesFewerStates = named !== undefined && states.length < possibleStates(action).length
  const isNarrow = namesFewerStates || Object.keys(given).some((field) => field !== 'state')
  if (!isNarrow && !all) refuse('filter', 'fits every job; say what is meant, or say all: true')

  const before = olderThan === undefined ? undefined : now - durationMs(olderThan, 'filter.olderThan')
  const bounds = [before, query.createdBefore].filter((bound) => bound !== undefined)
  return {
    ...query,
    states,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(bounds.length === 0 ? {} : { createdBefore: Math.min(...bounds) }),
  }
}

/** Whether nothing but the exact numbers of the store is needed to count what fits. */
export const isCounted = ({ states: _, queues: _q, tasks: _t, ...rest }: BulkFilter): boolean =>
  Object.keys(rest).length === 0

export interface Found {
  readonly jobs: JobRecord[]
  /** The last job that was looked at. */
  readonly cursor: string | null
  readonly isAtEnd: boolean
  readonly looked: number
}

/** Pages that are looked through for one step before it ends without having found much. */
const PAGES_MAX = 10

/**
 * The next jobs that fit, the oldest first, behind `after`. The order of ids is exact and has no bound, and whoever goes
 * on behind the last one meets no job twice, whatever becomes of it. What only a look at the job can tell is looked at here.
 */
export const find = async (
  engine: Engine,
  filter: BulkFilter,
  after: string | null,
  limit: number,
): Promise<Found> => {
  const { search, fingerprint, ...query } = filter
  const sort = { field: 'id', descending: false } as const
  const asked = (from: string | null): ListQuery => ({
    ...{ ...query, sort, limit: PAGE_SIZE_MAX },
    after: from === null ? null : { id: from, value: from },
  })
  const isFound = fitter({ ...asked(null), ...(search === undefined ? {} : { search }) })
  const fits = (job: JobRecord): boolean =>
    isFound(job) && (fingerprint === undefined || fingerprintOf(errorOfJob(job)) === fingerprint)

  const jobs: JobRecord[] = []
  let cursor = after
  let looked = 0
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await engine.list(asked(cursor))
    for (const job of answer.jobs) {
      if (jobs.length === limit) return { jobs, cursor, isAtEnd: false, looked }
      looked++
      cursor = job.id
      if (fits(job)) jobs.push(job)
    }
    if (!answer.more) return { jobs, cursor, isAtEnd: true, looked }
  }
  return { jobs, cursor, isAtEnd: false, looked }
}
