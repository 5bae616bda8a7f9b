import type { LimitRow, LimitWrite, RecordVerdict } from '../engine.ts'
import { countRunning, Gate } from './gates.ts'
import { openGates } from './heads.ts'
import type { Session } from './session.ts'
import { all, first } from './statements.ts'

/** Settings of limits: how they are written, and what is under them. */

const versionOf = ({ settings }: Session, { scope, name }: LimitWrite): number =>
  settings.find(scope, name)?.version ?? 0

/** The gates that a setting is about, as far as something is remembered of them. */
const gatesOf = ({ sql }: Session, { scope, name }: LimitWrite): number[] => {
  // What begins with "queue/" comes before "queue0", and nothing else does: "0" follows "/".
  if (scope === 'groups')
    return all<[number]>(sql.gatesOfGroups, `${name}/`, `${name}0`).map(([gate]) => gate)
  return all<[number]>(sql.gateFind, scope, name).map(([gate]) => gate)
}

/** Moves a group up whose own setting is written: who was held back has saved nothing up. */
const catchUp = ({ sql }: Session, name: string): void => {
  const slash = name.indexOf('/')
  const sharers = all(sql.sharerSaves, name.slice(0, slash), name.slice(slash + 1))
  if (sharers.length > 0) sql.headsTurn.run(JSON.stringify(sharers))
}

const write = (session: Session, given: LimitWrite): RecordVerdict => {
  const { sql, now } = session
  const { scope, name, concurrency, rate, weight, pausedBy, by } = given
  const before = session.settings.find(scope, name)
  const gates = gatesOf(session, given)
  const isSameRate = before?.rate?.max === rate?.max && before?.rate?.perMs === rate?.perMs
  if (!isSameRate) sql.claimsForget.run(JSON.stringify(gates))
  openGates(session, gates)
  if (scope === 'group') catchUp(session, name)
  if ((concurrency ?? rate ?? weight ?? pausedBy) === null) {
    sql.limitRemove.run(scope, name)
    return { status: 'ok', version: 0 }
  }
  const version = (before?.version ?? 0) + 1
  const pausedAt = pausedBy === null ? null : (before?.pausedAt ?? now)
  sql.limitWrite.run(
    ...[scope, name, concurrency, rate?.max ?? null, rate?.perMs ?? null, weight, pausedBy, by],
    ...[version, pausedAt],
  )
  return { status: 'ok', version }
}

export const setLimits = (session: Session, writes: readonly LimitWrite[]): RecordVerdict[] => {
  const fits = (one: LimitWrite): boolean => one.expect === null || one.expect === versionOf(session, one)
  if (!writes.every(fits)) {
    return writes.map((one) =>
      fits(one) ? { status: 'refused' } : { status: 'conflict', version: versionOf(session, one) },
    )
  }
  if (writes.length === 0) return []
  const verdicts = writes.map((one) => write(session, one))
  session.hints.add('ready')
  session.readSettings(first<[number]>(session.sql.limitsWritten)?.[0] ?? 0)
  return verdicts
}

export const limits = (session: Session): LimitRow[] => {
  const { settings, now } = session
  const running = countRunning(session)
  return settings.list.map((setting) => {
    const { scope, name } = setting
    if (scope === 'groups') return { ...setting, running: running.get(`groups ${name}`) ?? 0, opensAt: null }
    const number = running.get(`${scope} ${name}`) ?? 0
    const free = { ...setting, concurrency: null, pausedBy: null }
    const opensAt = new Gate(session, { scope, name, setting: free }, 0).opening
    return { ...setting, running: number, opensAt: opensAt === now ? null : opensAt }
  })
}
