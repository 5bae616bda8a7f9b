import type {
  CountRow,
  Engine,
  PauseRequest,
  QueueRow,
  StoredLogLine,
  WorkerBeat,
  WorkerRow,
} from '../engine.ts'
import { isUuid } from './cursors.ts'
import { toNumber, toNumberOrNull } from './driver.ts'
import type { Parts } from './parts.ts'
import { raiseClock } from './session.ts'

/** What is seen of the whole: numbers, logs, queues, workers. */

export const counts = async ({ sessions }: Parts): Promise<CountRow[]> => {
  const rows = await sessions.single('counting', 'places', () => [])
  return rows.map(([, queue, task, state, count]) => ({
    queue: queue as string,
    task: task as string,
    state: state as CountRow['state'],
    count: toNumber(count),
  }))
}

export const logs = async (
  { sessions }: Parts,
  { id, after, limit }: Parameters<Engine['logs']>[0],
): Promise<StoredLogLine[]> => {
  if (!isUuid(id)) return []
  const values = [id, after?.fence ?? -1, after?.seq ?? -1, limit]
  const rows = await sessions.single('reading a log', 'logsRead', () => values)
  return rows.map(([fence, seq, at, level, message]) => ({
    fence: toNumber(fence),
    seq: toNumber(seq),
    at: toNumber(at),
    level: level as StoredLogLine['level'],
    message: message as string,
  }))
}

export const queues = async ({ sessions }: Parts): Promise<QueueRow[]> => {
  const rows = await sessions.single('reading queues', 'queuesAll', () => [])
  return rows.map(([queue, pausedAt, pausedBy, oldestReadyAt]) => ({
    queue: queue as string,
    paused: pausedAt !== null,
    pausedAt: toNumberOrNull(pausedAt),
    pausedBy: pausedBy as string | null,
    oldestReadyAt: toNumberOrNull(oldestReadyAt),
  }))
}

export const pause = async (
  { sessions, hints, schemaLock }: Parts,
  requests: readonly PauseRequest[],
): Promise<void> => {
  if (requests.length === 0) return
  const changed = await sessions.transaction({ doing: 'pausing queues' }, async (tx) => {
    // Claims under way are waited for, so that none takes a job from a queue after it is said to be paused.
    const sent = requests.some(({ paused }) => paused) ? [tx.run('gateClose', schemaLock)] : []
    const steps = requests.map(({ queue, paused, by }) =>
      paused ? tx.run('queuePause', queue, by, ...tx.at) : tx.run('queueResume', queue),
    )
    await Promise.all([...sent, ...steps, ...raiseClock(tx), tx.commit()])
    return Promise.all(steps)
  })
  const effective = requests.filter((_, i) => changed[i]?.length === 1)
  if (effective.length > 0) hints.tell(['changed'])
  if (effective.some(({ paused }) => !paused)) hints.tell(['ready'])
}

export const beat = async ({ sessions }: Parts, beats: readonly WorkerBeat[]): Promise<void> => {
  if (beats.length === 0) return
  await sessions.transaction({ doing: 'noting beats' }, async (tx) => {
    const steps = beats.map(({ id, about, ttlMs, gone }) =>
      gone === true ? tx.run('workerGone', id) : tx.run('workerBeat', id, about, ttlMs, ...tx.at),
    )
    await Promise.all([...steps, tx.run('workersForget', ...tx.at), ...raiseClock(tx), tx.commit()])
  })
}

export const workers = async ({ sessions }: Parts): Promise<WorkerRow[]> => {
  const rows = await sessions.single('reading workers', 'workersAll', (at) => [...at])
  return rows.map(([id, about, firstSeenAt, lastSeenAt]) => ({
    id: id as string,
    about: about as string,
    firstSeenAt: toNumber(firstSeenAt),
    lastSeenAt: toNumber(lastSeenAt),
  }))
}
