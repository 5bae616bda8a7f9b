import type { Session } from './session.ts'
import { first } from './statements.ts'

/**
 * What is kept beside the claimable jobs of fair queues: the first one of each lane, in the order of claims, and which
 * lanes are put aside behind closed gates. Whoever changes claimable jobs touches their lane; it is looked at again at
 * the end of the transaction, or before the next claim.
 */

/** With more lanes behind it, a gate that opens is wide: they are claimed from where they are, not all taken back. */
const NARROW_MAX = 16

/** Takes the lanes back that were put aside behind gates which may have opened. */
export const openGates = ({ sql }: Session, gates: readonly number[]): void => {
  if (gates.length === 0) return
  const list = JSON.stringify(gates)
  sql.gatesOpen.run(NARROW_MAX, list)
  sql.headsReturn.run(list)
  sql.headsWiden.run(list)
}

/** Opens the gates through which the jobs had come that ended. */
const openFreed = (session: Session): void => {
  const names = new Map<string, number | undefined>()
  for (const lane of session.freed) {
    for (const { scope, name, setting } of session.settings.of(session.lane(lane))) {
      if (setting.concurrency === null || scope === 'queue' || scope === 'task') continue
      if (names.has(`${scope} ${name}`)) continue
      names.set(`${scope} ${name}`, first<[number]>(session.sql.gateFind, scope, name)?.[0])
    }
  }
  session.freed.clear()
  openGates(
    session,
    [...names.values()].filter((gate) => gate !== undefined),
  )
}

/** Brings the heads up to date with what was touched. */
export const keepHeads = (session: Session): void => {
  if (session.freed.size > 0) openFreed(session)
  if (session.touched.size === 0) return
  const { sql } = session
  const lanes = JSON.stringify([...session.touched])
  session.touched.clear()
  sql.headsDrop.run(lanes)
  sql.sharersCatchUp.run(lanes)
  sql.headsKeep.run(lanes)
}

/** Finds all heads anew, after a program wrote that knows nothing of them. */
export const findHeads = ({ sql }: Session): void => {
  sql.headsForget.run()
  sql.headsFind.run()
}
