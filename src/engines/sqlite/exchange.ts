import { claim, nextDueAt } from './claim.ts'
import type { Session } from './session.ts'
import { renew, settle, settlePlain, start, unknownLeases } from './settle.ts'
import type { WireAnswer, WireRequest } from './wire.ts'

const NOTHING = { claimed: null, more: false, opensAt: null }

/** The one hot call. */
export const exchange = (session: Session, request: WireRequest): WireAnswer => {
  const { worker } = request
  const plain = settlePlain(session, request.plain)
  const settled = request.settle.map((settlement) => settle(session, settlement))
  // Whoever rescues a job takes no other: the permits that it held are for those who wait to be told.
  if (worker === null && request.settle.length > 0) session.hints.add('ready')
  const started = request.start.map((one) => start(session, one))
  const renewed = request.renew === null ? [] : renew(session, request.renew)
  const unknown = request.renew === null ? [] : unknownLeases(session, worker, request.renew)
  const isClaim = request.claim !== null && worker !== null
  const { claimed, more, opensAt } = isClaim ? claim(session, worker, request.claim) : NOTHING
  const dueAt = nextDueAt(session)
  const next = dueAt === null || opensAt === null ? (dueAt ?? opensAt) : Math.min(dueAt, opensAt)
  return { now: session.now, plain, settled, started, renewed, unknown, claimed, more, nextDueAt: next }
}
