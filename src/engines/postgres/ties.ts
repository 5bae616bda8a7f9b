import type { JobRecord } from '../../core/job.ts'
import type { BatchRow, News, NewsRequest, OverdueRequest } from '../engine.ts'
import { numbers, texts, words } from './arrays.ts'
import { firstAfter } from './cursors.ts'
import { toNumber } from './driver.ts'
import type { Parts } from './parts.ts'
import { toStoredJob } from './records.ts'

/** What there is to decide about jobs and batches. */

export const overdue = ({ sessions }: Parts, { limit, after }: OverdueRequest): Promise<JobRecord[]> =>
  sessions.transaction({ doing: 'looking for overdue jobs', mode: 'read' }, async (tx) => {
    const id = after === null ? null : firstAfter(after.id)
    // Behind the last of all ids comes the first one of the next millisecond.
    const from = after === null ? -1 : id === null ? after.due + 1 : after.due
    const ids = await tx.run('startByPage', from, id ?? firstAfter(null), limit, ...tx.at)
    if (ids.length === 0) return []
    const rows = await tx.run('record', words(ids.map((row) => row[0] as string)))
    return rows.map((row) => toStoredJob(row).job)
  })

export const news = async ({ sessions }: Parts, { limit, after }: NewsRequest): Promise<News[]> => {
  const values = [after?.topic ?? '', after?.id ?? '', limit]
  const rows = await sessions.single('reading news', 'newsPage', () => values)
  return rows.map(([topic, id, seq]) => ({
    topic: topic as News['topic'],
    id: id as string,
    seq: toNumber(seq),
  }))
}

export const clearNews = async ({ sessions }: Parts, some: readonly News[]): Promise<void> => {
  await sessions.single('clearing news', 'newsClear', () => [
    words(some.map(({ topic }) => topic)),
    texts(some.map(({ id }) => id)),
    numbers(some.map(({ seq }) => seq)),
  ])
}

export const batches = async ({ sessions }: Parts, ids: readonly string[]): Promise<(BatchRow | null)[]> => {
  const rows = await sessions.single('reading batches', 'batchesRead', () => [texts([...new Set(ids)])])
  const known = new Map(
    rows.map(([batch, ...numbers]): [string, BatchRow] => {
      const [unfinished = 0, completed = 0, cancelled = 0, dead = 0, removed = 0] = numbers.map(toNumber)
      return [batch as string, { unfinished, completed, cancelled, dead, removed }]
    }),
  )
  return ids.map((id) => known.get(id) ?? null)
}

export const forgetBatches = async ({ sessions }: Parts, ids: readonly string[]): Promise<void> => {
  await sessions.single('forgetting batches', 'batchesForget', () => [texts([...new Set(ids)])])
}
