import type { NewJob } from './job.ts'

/** The rules of batches: groups of jobs with callbacks. Pure; the numbers come from the store. */

export type BatchEvent = 'success' | 'finish' | 'death'
const BATCH_EVENTS: readonly BatchEvent[] = ['death', 'finish', 'success']

/** A batch as it is kept: a small document with compare-and-set. */
export interface BatchDocument {
  readonly description: string | null
  readonly createdAt: number
  readonly closedAt: number | null
  /** When it first had nothing left to do. */
  readonly finishedAt: number | null
  readonly parent: string | null
  /** Batches within this one, and what became of them. */
  readonly children: Readonly<Record<string, 'open' | 'succeeded' | 'failed'>>
  /** Jobs to be added when it happens; their ids are made already, so that none is ever added twice. */
  readonly callbacks: { readonly [E in BatchEvent]?: NewJob }
  /** What has happened. */
  readonly fired: readonly BatchEvent[]
}

export interface BatchNumbers {
  readonly unfinished: number
  readonly completed: number
  readonly cancelled: number
  readonly dead: number
  readonly removed: number
}
export const NO_JOBS: BatchNumbers = { unfinished: 0, completed: 0, cancelled: 0, dead: 0, removed: 0 }

export type BatchState = 'open' | 'running' | 'succeeded' | 'failed'

const isPending = ({ children }: BatchDocument, { unfinished }: BatchNumbers): boolean =>
  unfinished > 0 || Object.values(children).includes('open')

const hasFailed = ({ children }: BatchDocument, { cancelled, dead, removed }: BatchNumbers): boolean =>
  cancelled + dead + removed > 0 || Object.values(children).includes('failed')

export const stateOfBatch = (batch: BatchDocument, numbers: BatchNumbers): BatchState => {
  if (batch.closedAt === null) return 'open'
  if (isPending(batch, numbers)) return 'running'
  return hasFailed(batch, numbers) ? 'failed' : 'succeeded'
}

/**
 * What happens now and did not before. `death` with the first dead job; `finish` when a closed batch has nothing left to
 * do, however it went; `success` when all of it was completed, be it after someone retried what had failed.
 */
export const eventsOfBatch = (batch: BatchDocument, numbers: BatchNumbers): BatchEvent[] => {
  const state = stateOfBatch(batch, numbers)
  const happens: Record<BatchEvent, boolean> = {
    death: numbers.dead > 0,
    finish: state === 'failed' || state === 'succeeded',
    success: state === 'succeeded',
  }
  return BATCH_EVENTS.filter((event) => happens[event] && !batch.fired.includes(event))
}
