import { send } from './client.ts'
import type {
  JobPage,
  LogLine,
  WireBulk,
  WireDeadLetters,
  WireExplanation,
  WireJob,
  WireQueue,
  WireStats,
  WireTask,
} from './types.ts'

/** Jobs on a page of the table. */
export const PAGE_SIZE = 50

const job = (id: string): string => `/v1/jobs/${encodeURIComponent(id)}`
const queue = (name: string): string => `/v1/queues/${encodeURIComponent(name)}`

export const listJobs = (query: URLSearchParams, signal?: AbortSignal): Promise<JobPage> =>
  send('GET', `/v1/jobs?${query}`, undefined, signal)
export const getJob = (id: string, signal?: AbortSignal): Promise<WireJob> =>
  send('GET', job(id), undefined, signal)
export const explainJob = (id: string, signal?: AbortSignal): Promise<WireExplanation> =>
  send('GET', `${job(id)}/explain`, undefined, signal)
export const jobLogs = (
  id: string,
  after: string | null,
  signal?: AbortSignal,
): Promise<{ readonly lines: readonly LogLine[]; readonly cursor: string | null }> =>
  send('GET', `${job(id)}/logs${after === null ? '' : `?after=${after}`}`, undefined, signal)

export const addJob = (body: Readonly<Record<string, unknown>>): Promise<WireJob> =>
  send('POST', '/v1/jobs', body)
export const retryJob = (id: string): Promise<WireJob> => send('POST', `${job(id)}/retry`)
export const cancelJob = (id: string, reason: string): Promise<WireJob> =>
  send('POST', `${job(id)}/cancel`, reason === '' ? {} : { reason })
export const runJobNow = (id: string): Promise<WireJob> => send('POST', `${job(id)}/run-now`)
export const removeJob = (id: string): Promise<WireJob> => send('DELETE', job(id))

export const getDeadLetters = (): Promise<WireDeadLetters> => send('GET', '/v1/dead-letters')
/** @param canary jobs that go first, or null for all at once */
export const bulkRetry = (fingerprint: string, canary: number | null): Promise<WireBulk> =>
  send('POST', '/v1/jobs/bulk', {
    action: 'retry',
    filter: { fingerprint, state: 'dead' },
    ...(canary === null ? {} : { canary }),
  })
export const getBulk = (id: string): Promise<WireBulk> => send('GET', `/v1/bulk/${encodeURIComponent(id)}`)

export const getStats = (): Promise<WireStats> => send('GET', '/v1/stats')
export const setPaused = (name: string, paused: boolean): Promise<WireQueue> =>
  send('POST', `${queue(name)}/${paused ? 'pause' : 'resume'}`)

export const getTasks = async (): Promise<readonly WireTask[]> =>
  (await send<{ readonly tasks: readonly WireTask[] }>('GET', '/v1/tasks')).tasks
