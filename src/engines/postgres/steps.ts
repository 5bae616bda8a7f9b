import type { CancelRequest, Change } from '../../core/job.ts'
import { LOG_LINES_MAX } from '../../core/limits.ts'
import type {
  ChangeVerdict,
  ExpiredRequest,
  LeaseVerdict,
  PromoteAnswer,
  PruneRequest,
  Report,
} from '../engine.ts'
import { flags, numbers, texts, words } from './arrays.ts'
import { firstAfter, isUuid } from './cursors.ts'
import { type PgRow, toFlag, toNumber, toNumberOrNull } from './driver.ts'
import type { Exchanger } from './exchange.ts'
import { flush } from './flush.ts'
import { changeOne } from './judge.ts'
import { loadUnit } from './load.ts'
import type { Parts } from './parts.ts'
import { toStoredJob } from './records.ts'
import { raiseClock, type Tx } from './session.ts'

/** The steps beside the exchange: what a run reports, and what the maintainer and operators do. */

/** All that the reports of one run say, in their order: the last word on progress and checkpoint, every line. */
const gather = (reports: readonly Report[]): Report[] => {
  const byLease = new Map<string, Report>()
  for (const report of reports) {
    if (!isUuid(report.id)) continue
    const lease = `${report.id} ${report.fence}`
    const before = byLease.get(lease)
    const { progress = before?.progress, checkpoint = before?.checkpoint, log = [] } = report
    byLease.set(lease, {
      id: report.id,
      fence: report.fence,
      ...(progress === undefined ? {} : { progress }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      log: [...(before?.log ?? []), ...log],
    })
  }
  return [...byLease.values()]
}

const writeReports = (tx: Tx, reports: readonly Report[]): Promise<unknown>[] => {
  const progress = reports.filter((one) => one.progress !== undefined)
  const checkpoints = reports.filter((one) => one.checkpoint !== undefined)
  const lines = reports.flatMap(({ id, fence, log = [] }) => log.map((line) => ({ id, fence, ...line })))
  const sent: Promise<unknown>[] = []
  const ids = (list: readonly { readonly id: string }[]) => words(list.map(({ id }) => id))
  if (progress.length > 0) {
    sent.push(tx.run('reportProgress', ids(progress), texts(progress.map((one) => one.progress ?? null))))
  }
  if (checkpoints.length > 0) {
    sent.push(
      tx.run('reportCheckpoint', ids(checkpoints), texts(checkpoints.map((one) => one.checkpoint ?? null))),
    )
  }
  if (lines.length > 0) {
    sent.push(
      tx.run(
        'logsInsert',
        ids(lines),
        numbers(lines.map(({ fence }) => fence)),
        numbers(lines.map(({ seq }) => seq)),
        numbers(lines.map(({ at }) => at)),
        words(lines.map(({ level }) => level)),
        texts(lines.map(({ message }) => message)),
      ),
      tx.run('logsTrim', words([...new Set(lines.map(({ id }) => id))]), LOG_LINES_MAX),
    )
  }
  return sent
}

export const report = async (
  { sessions, hints }: Parts,
  exchanger: Exchanger,
  reports: readonly Report[],
): Promise<LeaseVerdict[]> => {
  const gathered = gather(reports)
  const found = await sessions.transaction({ doing: 'reporting' }, async (tx) => {
    if (gathered.length === 0) return []
    const rows = await tx.run(
      'reportHold',
      words(gathered.map(({ id }) => id)),
      numbers(gathered.map(({ fence }) => fence)),
      flags(gathered.map(({ progress, checkpoint }) => progress !== undefined || checkpoint !== undefined)),
    )
    const held = new Set(rows.map(([id, fence]) => `${id} ${fence}`))
    const good = gathered.filter(({ id, fence }) => held.has(`${id} ${fence}`))
    await Promise.all([...writeReports(tx, good), tx.commit()])
    return rows
  })
  for (const [id] of found) exchanger.note(id as string)
  if (found.length > 0) hints.tell(['changed'])
  return exchanger.verdicts(reports, found, (): LeaseVerdict => 'ok')
}

export const expired = async ({ sessions }: Parts, { limit, after }: ExpiredRequest) =>
  sessions.transaction({ doing: 'looking for expired leases', mode: 'read' }, async (tx) => {
    const id = after === null ? null : firstAfter(after.id)
    // Behind the last of all ids comes the first one of the next millisecond.
    const from = after === null ? -1 : id === null ? after.leaseUntil + 1 : after.leaseUntil
    const ids = await tx.run('leasesExpired', from, id ?? firstAfter(null), limit, ...tx.at)
    if (ids.length === 0) return []
    const rows = await tx.run('record', words(ids.map((row) => row[0] as string)))
    return rows.map((row) => toStoredJob(row).job)
  })

export const promote = async ({ sessions, hints }: Parts, limit: number): Promise<PromoteAnswer> => {
  const rows = await sessions.transaction({ doing: 'promoting' }, async (tx) => {
    const promoting = tx.run('promote', limit, ...tx.at)
    await Promise.all([promoting, ...raiseClock(tx), tx.commit()])
    return promoting
  })
  const promoted = toNumber(rows[0]?.[0])
  if (promoted > 0) hints.tell(['ready', 'changed'])
  return { promoted, nextDueAt: toNumberOrNull(rows[0]?.[1]) }
}

export const change = async (parts: Parts, changes: readonly Change[]): Promise<ChangeVerdict[]> => {
  const { sessions, kinds, hints } = parts
  const { verdicts, unit } = await sessions.transaction({ doing: 'changing jobs' }, async (tx) => {
    const unit = await loadUnit(tx, { ids: changes.map(({ id }) => id).filter(isUuid), keys: [] })
    const verdicts = changes.map((one) => changeOne(unit, one))
    await Promise.all([...flush(tx, unit, kinds), ...raiseClock(tx), tx.commit()])
    return { verdicts, unit }
  })
  hints.tell([...unit.hints])
  return verdicts
}

export const requestCancel = async (
  { sessions, hints }: Parts,
  exchanger: Exchanger,
  requests: readonly { readonly id: string; readonly request: CancelRequest }[],
): Promise<LeaseVerdict[]> => {
  const first = new Map<string, CancelRequest>()
  for (const { id, request } of requests) if (isUuid(id) && !first.has(id)) first.set(id, request)
  const asked = [...first.values()].map(({ at, by, reason }) => JSON.stringify({ at, by, reason }))
  const rows: PgRow[] =
    first.size === 0
      ? []
      : await sessions.single('asking to cancel', 'cancelRequest', () => [
          words([...first.keys()]),
          texts(asked),
        ])
  const running = new Set(rows.map(([id]) => id))
  if (running.size > 0) hints.tell(['changed'])
  const known = await exchanger.known(requests.map(({ id }) => id).filter((id) => !running.has(id)))
  return requests.map(({ id }) => (running.has(id) ? 'ok' : known.has(id) ? 'stale' : 'missing'))
}

export const prune = async (
  { sessions, hints, schemaLock }: Parts,
  { state, ageMs, count, minAgeMs, limit }: PruneRequest,
): Promise<{ removed: number; more: boolean }> => {
  if (limit === 0) return { removed: 0, more: false }
  const rows = await sessions.transaction({ doing: 'pruning' }, async (tx) => {
    const [, pruned] = await Promise.all([
      tx.run('pruneGate', schemaLock),
      tx.run('prune', state, ageMs, count, minAgeMs, limit, ...tx.at),
      ...raiseClock(tx),
      tx.commit(),
    ])
    return pruned
  })
  const removed = toNumber(rows[0]?.[0])
  if (removed > 0) hints.tell(['changed'])
  return { removed, more: toFlag(rows[0]?.[1]) }
}
