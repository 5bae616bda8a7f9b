import { startBy } from '../../core/flow.ts'
import type { JobRecord } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import type { BatchRow, News, NewsRequest, OverdueRequest } from '../engine.ts'
import type { Store } from './store.ts'

/** What binds jobs to others: who depends on whom, what batches came to, what there is to decide. */
export class Ties {
  /** Parent → the jobs that depend on it. */
  readonly children = new Map<string, Set<string>>()
  readonly batches = new Map<string, BatchRow>()
  readonly news = new Map<string, News>()
  #told = 0

  add({ id, ties }: JobRecord): void {
    for (const parent of ties?.parents ?? []) {
      const children = this.children.get(parent.id) ?? new Set()
      this.children.set(parent.id, children.add(id))
    }
  }

  remove({ id, ties }: JobRecord): void {
    for (const parent of ties?.parents ?? []) {
      const children = this.children.get(parent.id)
      children?.delete(id)
      if (children?.size === 0) this.children.delete(parent.id)
    }
  }

  tell(topic: News['topic'], id: string): void {
    this.news.set(`${topic} ${id}`, Object.freeze({ topic, id, seq: ++this.#told }))
  }

  /** A job came into being, went from one state to another, or was removed. */
  moved({ id, ties }: JobRecord, from: Place, to: Place): void {
    // What comes back finished was counted when it ended.
    if (from === to || isKept(from, to) || (from === 'none' && to !== 'unfinished')) return
    const batch = ties?.batch ?? null
    if (batch !== null) {
      const row = { ...(this.batches.get(batch) ?? NONE) }
      if (from !== 'none') row[from]--
      row[to === 'none' ? 'removed' : to]++
      this.batches.set(batch, Object.freeze(row))
    }
    if (to === 'unfinished') return
    for (const child of this.children.get(id) ?? []) this.tell('job', child)
    if (batch !== null) this.tell('batch', batch)
  }
}

type Place = 'none' | 'unfinished' | 'completed' | 'cancelled' | 'dead'
/** That a finished job is forgotten changes nothing of what became of it. */
const isKept = (from: Place, to: Place): boolean => to === 'none' && from !== 'unfinished'
const NONE: BatchRow = { unfinished: 0, completed: 0, cancelled: 0, dead: 0, removed: 0 }

export const placeOf = (job: JobRecord | undefined): Place =>
  job === undefined ? 'none' : isFinished(job.state) ? job.state : 'unfinished'

const isAtRest = ({ state }: JobRecord): boolean => state !== 'running' && !isFinished(state)

export const overdue = (store: Store, now: number, { limit, after }: OverdueRequest): JobRecord[] =>
  [...store.jobs.values()]
    .filter((job) => isAtRest(job) && job.attempt === 0)
    .map((job) => ({ job, due: startBy(job) ?? Number.POSITIVE_INFINITY }))
    .filter(({ job, due }) => {
      const isBehind = after === null || due > after.due || (due === after.due && job.id > after.id)
      return due <= now && isBehind
    })
    .sort((a, b) => a.due - b.due || (a.job.id < b.job.id ? -1 : 1))
    .slice(0, limit)
    .map(({ job }) => job)

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const byTopic = (a: Omit<News, 'seq'>, b: Omit<News, 'seq'>): number =>
  byBytes(a.topic, b.topic) || byBytes(a.id, b.id)

export const news = (store: Store, { limit, after }: NewsRequest): News[] =>
  [...store.ties.news.values()]
    .filter((one) => after === null || byTopic(one, after) > 0)
    .sort(byTopic)
    .slice(0, limit)

export const clearNews = (store: Store, { topic, id, seq }: News): void => {
  const name = `${topic} ${id}`
  if (store.ties.news.get(name)?.seq === seq) store.ties.news.delete(name)
}
