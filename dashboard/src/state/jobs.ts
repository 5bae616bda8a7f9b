import { computed, effect, signal } from '@preact/signals'
import type { JobState } from '../../../src/core/states.ts'
import { listJobs, PAGE_SIZE } from '../api/calls.ts'
import { asProblem, isAborted, type Problem } from '../api/client.ts'
import { onLive } from '../api/live.ts'
import type { JobPage, JobRow } from '../api/types.ts'
import { createRefresher } from './refresher.ts'
import { navigate, place } from './router.ts'

/** The page of jobs is read again at most this often; a search, which reads many more than it shows, less often. */
const PAUSE_MS = 1_000
const SEARCH_PAUSE_MS = 5_000
export const JOBS_PATH = '/dashboard/jobs'
const SORT_DEFAULT = '-id'

/** What the address of the table says. */
export interface View {
  readonly states: readonly JobState[]
  readonly queue: string
  readonly task: string
  readonly search: string
  readonly sort: string
  readonly cursor: string | null
}

const NAMES = ['state', 'queue', 'task', 'search', 'sort', 'cursor'] as const

export const view = computed<View>(() => {
  const { query } = place.value
  return {
    states: (query.get('state') ?? '').split(',').filter((word) => word !== '') as JobState[],
    queue: query.get('queue') ?? '',
    task: query.get('task') ?? '',
    search: query.get('search') ?? '',
    sort: query.get('sort') ?? SORT_DEFAULT,
    cursor: query.get('cursor'),
  }
})

const queryOf = ({ states, queue, task, search, sort, cursor }: View): URLSearchParams => {
  const values = [states.join(','), queue, task, search, sort === SORT_DEFAULT ? '' : sort, cursor ?? '']
  const query = new URLSearchParams()
  for (const [i, name] of NAMES.entries()) if (values[i]) query.set(name, values[i])
  return query
}

/** The address of the table with other filters. */
export const jobsHref = (change: Partial<View>): string => {
  const none: View = { states: [], queue: '', task: '', search: '', sort: SORT_DEFAULT, cursor: null }
  const query = queryOf({ ...none, ...change }).toString()
  return query === '' ? JOBS_PATH : `${JOBS_PATH}?${query}`
}

/** Changes filters or sort, which always leads to the first page. */
export const changeView = (change: Partial<View>, options: { readonly replace?: boolean } = {}): void =>
  navigate(jobsHref({ ...view.value, cursor: null, ...change }), options)

export const page = signal<JobPage | null>(null)
export const pageProblem = signal<Problem | null>(null)
/** The filters changed and their answer is not yet here. */
export const isLoading = signal(false)

export const rows = computed<readonly JobRow[]>(() => page.value?.jobs ?? [])
/** Counts from 1. */
export const pageNumber = computed(() => (place.value.memory.before?.length ?? 0) + 1)

export const nextPage = (): void => {
  const cursor = page.value?.cursor
  if (!cursor) return
  const before = [...(place.value.memory.before ?? []), view.value.cursor]
  navigate(jobsHref({ ...view.value, cursor }), { memory: { before } })
  window.scrollTo(0, 0)
}
export const previousPage = (): void => {
  const before = place.value.memory.before ?? []
  const cursor = before.at(-1) ?? null
  navigate(jobsHref({ ...view.value, cursor }), { memory: { before: before.slice(0, -1) } })
  window.scrollTo(0, 0)
}

const replaceRow = (job: JobRow): boolean => {
  const known = page.value
  if (known === null || !known.jobs.some(({ id }) => id === job.id)) return false
  page.value = { ...known, jobs: known.jobs.map((row) => (row.id === job.id ? { ...row, ...job } : row)) }
  return true
}

/** Keeps the page in step with its address and with what happens, until the returned function is called. */
export const watchJobs = (): (() => void) => {
  let waiting: AbortController | null = null
  const load = async (): Promise<void> => {
    waiting?.abort()
    const own = new AbortController()
    waiting = own
    const query = queryOf(view.peek())
    query.set('limit', String(PAGE_SIZE))
    query.set('view', 'row')
    try {
      const answer = await listJobs(query, own.signal)
      page.value = answer
      pageProblem.value = null
    } catch (error) {
      if (isAborted(error) || own.signal.aborted) return
      pageProblem.value = asProblem(error)
    }
    if (waiting === own) isLoading.value = false
  }
  const refresher = createRefresher(load, () => (view.peek().search === '' ? PAUSE_MS : SEARCH_PAUSE_MS))
  const stopAddress = effect(() => {
    void view.value
    isLoading.value = true
    void load()
  })
  const stopLive = onLive((event) => {
    if (event.type === 'job') replaceRow(event.job)
    if (event.type === 'job' || event.type === 'changed') refresher.ask()
  })
  return () => {
    stopAddress()
    stopLive()
    refresher.stop()
    waiting?.abort()
    page.value = null
  }
}
