import type { JobRecord } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import type { FinishedRequest, KeptJob, RestoreVerdict, StoredLogLine } from '../engine.ts'
import { numbers, texts, words } from './arrays.ts'
import { firstAfter } from './cursors.ts'
import { toNumber } from './driver.ts'
import { flush, flushed } from './flush.ts'
import { loadUnit } from './load.ts'
import type { Parts } from './parts.ts'
import { toStoredJob } from './records.ts'
import { raiseClock, type Tx } from './session.ts'
import type { Unit } from './unit.ts'

/** How finished jobs leave for another store, and come back from it. */

const readLogs = async (tx: Tx, ids: readonly string[]): Promise<Map<string, StoredLogLine[]>> => {
  const logs = new Map<string, StoredLogLine[]>()
  for (const [id, fence, seq, at, level, message] of await tx.run('logsOf', words(ids))) {
    const lines = logs.get(id as string) ?? []
    logs.set(id as string, lines)
    lines.push({
      fence: toNumber(fence),
      seq: toNumber(seq),
      at: toNumber(at),
      level: level as StoredLogLine['level'],
      message: message as string,
    })
  }
  return logs
}

export const finished = async (
  { sessions }: Parts,
  { state, ageMs, after, limit }: FinishedRequest,
): Promise<KeptJob[]> =>
  sessions.transaction({ doing: 'looking for finished jobs', mode: 'read' }, async (tx) => {
    const id = after === null ? null : firstAfter(after.id)
    // Behind the last of all ids comes the first one of the next millisecond.
    const from = after === null ? -1 : id === null ? after.finishedAt + 1 : after.finishedAt
    const rows = await tx.run('finishedPage', state, from, id ?? firstAfter(null), ageMs, limit, ...tx.at)
    if (rows.length === 0) return []
    const ids = rows.map((row) => row[0] as string)
    const [records, logs] = await Promise.all([tx.run('record', words(ids)), readLogs(tx, ids)])
    return records.map((row) => {
      const { job } = toStoredJob(row)
      return { job, log: logs.get(job.id) ?? [] }
    })
  })

/** What is to become of each job, each one seeing what those before it did, and what is to be written. */
const judge = (
  unit: Unit,
  jobs: readonly KeptJob[],
): { readonly verdicts: RestoreVerdict[]; readonly stored: ReadonlyMap<string, KeptJob> } => {
  const stored = new Map<string, KeptJob>()
  const taken = new Map<string, string>()
  const verdicts = jobs.map((one): RestoreVerdict => {
    const { job } = one
    const there: JobRecord | undefined = stored.get(job.id)?.job ?? unit.job(job.id)
    if (there !== undefined && (!isFinished(there.state) || there.fence >= job.fence)) {
      return { status: 'known' }
    }
    if (job.key !== null && !isFinished(job.state) && job.ties?.keyUntil !== 'time') {
      const holder = taken.get(job.key) ?? unit.holderOf(job.key)
      if (holder !== undefined) return { status: 'key_taken', holder }
      taken.set(job.key, job.id)
    }
    stored.set(job.id, one)
    return { status: 'ok' }
  })
  return { verdicts, stored }
}

const writeLogs = (tx: Tx, jobs: Iterable<KeptJob>): Promise<unknown>[] => {
  const lines = [...jobs].flatMap(({ job, log }) => log.map((line) => ({ id: job.id, ...line })))
  if (lines.length === 0) return []
  return [
    tx.run(
      'logsInsert',
      words(lines.map(({ id }) => id)),
      numbers(lines.map(({ fence }) => fence)),
      numbers(lines.map(({ seq }) => seq)),
      numbers(lines.map(({ at }) => at)),
      words(lines.map(({ level }) => level)),
      texts(lines.map(({ message }) => message)),
    ),
  ]
}

export const restore = async (parts: Parts, jobs: readonly KeptJob[]): Promise<RestoreVerdict[]> => {
  const { sessions, kinds, hints } = parts
  await kinds.prepare(jobs.map(({ job }) => job))
  const subject = {
    ids: jobs.map(({ job }) => job.id),
    keys: jobs.flatMap(({ job }) => job.key ?? []),
  }
  const { verdicts, unit } = await sessions.transaction({ doing: 'restoring jobs' }, async (tx) => {
    let unit = await loadUnit(tx, subject)
    const { verdicts, stored } = judge(unit, jobs)
    const replaced = [...stored.keys()].flatMap((id) => unit.job(id) ?? [])
    if (replaced.length > 0) {
      // What never changes of a job is in a row of its own, which is written once: the old job has to go first.
      for (const job of replaced) unit.remove(job)
      await Promise.all(flush(tx, unit, kinds))
      unit = await loadUnit(tx, subject)
    }
    for (const { job } of stored.values()) unit.restore(job)
    const sent = [...flush(tx, unit, kinds), ...writeLogs(tx, stored.values())]
    await Promise.all([...sent, ...raiseClock(tx), tx.commit()])
    return { verdicts, unit }
  })
  flushed(unit, kinds)
  hints.tell([...unit.hints])
  return verdicts
}
