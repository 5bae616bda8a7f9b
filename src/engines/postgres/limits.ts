import type { LimitRow, LimitWrite, RecordVerdict } from '../engine.ts'
import { numbers, texts } from './arrays.ts'
import { toNumber } from './driver.ts'
import { byGate, Gates, nameOf, type Setting, toSetting } from './gates.ts'
import type { Parts } from './parts.ts'
import { raiseClock, type Tx } from './session.ts'

/** How limits are written and shown; claims heed them in `turns.ts`. */

const isNothing = ({ concurrency, rate, weight, pausedBy }: LimitWrite): boolean =>
  (concurrency ?? rate ?? weight ?? pausedBy) === null

/** What is stored after a write; null: nothing is left to be stored. */
const after = (write: LimitWrite, before: Setting | undefined, now: number): Setting | null => {
  if (isNothing(write)) return null
  const { expect: _, ...setting } = write
  const pausedAt = write.pausedBy === null ? null : (before?.pausedAt ?? now)
  return { ...setting, version: (before?.version ?? 0) + 1, pausedAt }
}

const isSameRate = (write: LimitWrite, before: Setting | undefined): boolean =>
  before?.rate?.max === write.rate?.max && before?.rate?.perMs === write.rate?.perMs

const namesOf = (writes: readonly LimitWrite[], scope: LimitWrite['scope']): string[] =>
  writes.filter((write) => write.scope === scope).map(({ name }) => name)

/** Sends what writes settings, and what has those looked at again that they speak of. */
const write = (
  tx: Tx,
  writes: readonly LimitWrite[],
  known: ReadonlyMap<string, Setting>,
  settings: readonly (Setting | null)[],
): Promise<unknown>[] => {
  const kept = settings.filter((setting) => setting !== null)
  const removed = writes.filter((_, i) => settings[i] === null)
  const anew = writes.filter((one) => !isSameRate(one, known.get(nameOf(one))))
  const groups = namesOf(writes, 'group').map((name) => {
    const slash = name.indexOf('/')
    return { queue: name.slice(0, slash), name: `=${name.slice(slash + 1)}` }
  })
  const column = <T>(choose: (setting: Setting) => T): T[] => kept.map(choose)
  return [
    kept.length === 0
      ? undefined
      : tx.run(
          'limitsWrite',
          texts(column(({ scope }) => scope)),
          texts(column(({ name }) => name)),
          numbers(column(({ concurrency }) => concurrency)),
          numbers(column(({ rate }) => rate?.max ?? null)),
          numbers(column(({ rate }) => rate?.perMs ?? null)),
          numbers(column(({ weight }) => weight)),
          texts(column(({ pausedBy }) => pausedBy)),
          texts(column(({ by }) => by)),
          numbers(column(({ version }) => version)),
          numbers(column(({ pausedAt }) => pausedAt)),
        ),
    removed.length === 0
      ? undefined
      : tx.run(
          'limitsDelete',
          texts(removed.map(({ scope }) => scope)),
          texts(removed.map(({ name }) => name)),
        ),
    tx.run('claimsForget', texts(anew.map(nameOf)), texts(namesOf(anew, 'groups'))),
    tx.run(
      'limitsApply',
      texts(groups.map(({ queue }) => queue)),
      texts(groups.map(({ name }) => name)),
      texts(namesOf(writes, 'groups')),
      texts(namesOf(writes, 'key')),
    ),
  ].filter((sent) => sent !== undefined)
}

/** Waits for the claims that are under way, so that none goes by the old settings after the answer. */
export const setLimits = async (
  { sessions, kinds, clock, hints, schemaLock }: Parts,
  writes: readonly LimitWrite[],
): Promise<RecordVerdict[]> => {
  const verdicts = await sessions.transaction({ doing: 'setting limits' }, async (tx) => {
    const [, rows, times] = await Promise.all([
      tx.run('gateClose', schemaLock),
      tx.run('limitsRead'),
      tx.run('now', ...tx.at),
    ])
    const now = clock.saw(toNumber(times[0]?.[0]))
    const known = new Map(rows.map(toSetting).map((one) => [nameOf(one), one]))
    const versionOf = (one: LimitWrite): number => known.get(nameOf(one))?.version ?? 0
    const fits = (one: LimitWrite): boolean => one.expect === null || one.expect === versionOf(one)
    if (!writes.every(fits)) {
      return writes.map(
        (one): RecordVerdict =>
          fits(one) ? { status: 'refused' } : { status: 'conflict', version: versionOf(one) },
      )
    }
    const settings = writes.map((one) => after(one, known.get(nameOf(one)), now))
    await Promise.all([...write(tx, writes, known, settings), ...raiseClock(tx), tx.commit()])
    return settings.map((setting): RecordVerdict => ({ status: 'ok', version: setting?.version ?? 0 }))
  })
  if (verdicts.some(({ status }) => status === 'ok')) {
    kinds.epoch++
    hints.tell(['ready'])
  }
  return verdicts
}

export const limits = ({ sessions }: Parts): Promise<LimitRow[]> =>
  sessions.transaction({ doing: 'reading limits', mode: 'read' }, async (tx) => {
    const [rows, running, claims, times] = await Promise.all([
      tx.run('limitsRead'),
      tx.run('runningCount'),
      tx.run('claimsOfLimits', true, ...tx.at),
      tx.run('now', ...tx.at),
    ])
    const settings = rows.map(toSetting)
    const gates = new Gates(toNumber(times[0]?.[0]), settings, running)
    for (const [gate, some] of byGate(claims)) gates.learn(gate, some)
    return settings.map((setting) => {
      const gate = nameOf(setting)
      const isOfMany = setting.scope === 'groups'
      const at = isOfMany ? gates.now : gates.rateOpensAt(setting, gate)
      return { ...setting, running: gates.runningUnder(setting), opensAt: at > gates.now ? at : null }
    })
  })
