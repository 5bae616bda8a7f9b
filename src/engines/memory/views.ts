import type {
  CountRow,
  Engine,
  PauseRequest,
  QueueRow,
  StoredLogLine,
  WorkerBeat,
  WorkerRow,
} from '../engine.ts'
import type { Store } from './store.ts'

/** What is seen of the whole: numbers, logs, queues, workers. */

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Counted one by one: that is what the counters of other engines are compared with. */
export const counts = (store: Store): CountRow[] => {
  const rows = new Map<string, CountRow>()
  for (const { queue, task, state } of store.jobs.values()) {
    const name = JSON.stringify([queue, task, state])
    rows.set(name, { queue, task, state, count: (rows.get(name)?.count ?? 0) + 1 })
  }
  return [...rows.values()]
}

export const logs = (store: Store, { id, after, limit }: Parameters<Engine['logs']>[0]): StoredLogLine[] =>
  (store.logs.get(id) ?? [])
    .filter(
      ({ fence, seq }) => after === null || fence > after.fence || (fence === after.fence && seq > after.seq),
    )
    .slice(0, limit)

export const queues = (store: Store): QueueRow[] =>
  [...store.queues]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([queue, { pausedAt, pausedBy }]) => {
      const ready = store.ready.items.filter((job) => job.queue === queue).map(({ runAt }) => runAt)
      const oldestReadyAt = ready.length === 0 ? null : ready.reduce((a, b) => Math.min(a, b))
      return { queue, paused: pausedAt !== null, pausedAt, pausedBy, oldestReadyAt }
    })

export const pause = (store: Store, now: number, { queue, paused, by }: PauseRequest): void => {
  if (paused && store.isPaused(queue)) return
  store.hints.add('changed')
  if (!paused) store.hints.add('ready')
  if (paused) store.queues.set(queue, { pausedAt: now, pausedBy: by })
  else if (store.queues.has(queue)) store.queues.set(queue, { pausedAt: null, pausedBy: null })
}

export const beat = (store: Store, now: number, { id, about, ttlMs, gone }: WorkerBeat): void => {
  forgetWorkers(store, now)
  if (gone === true) store.workers.delete(id)
  else
    store.workers.set(id, {
      about,
      ttlMs,
      firstSeenAt: store.workers.get(id)?.firstSeenAt ?? now,
      lastSeenAt: now,
    })
}

export const workers = (store: Store, now: number): WorkerRow[] => {
  forgetWorkers(store, now)
  return [...store.workers]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([id, { about, firstSeenAt, lastSeenAt }]) => ({ id, about, firstSeenAt, lastSeenAt }))
}

const forgetWorkers = (store: Store, now: number): void => {
  for (const [id, { lastSeenAt, ttlMs }] of store.workers) {
    if (lastSeenAt + ttlMs <= now) store.workers.delete(id)
  }
}
