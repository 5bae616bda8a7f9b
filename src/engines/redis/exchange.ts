import type { Settlement } from '../../core/job.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import type { ExchangeAnswer, ExchangeRequest, LeaseVerdict, RenewVerdict, SettleVerdict } from '../engine.ts'
import { jobArguments, writeArguments } from './adding.ts'
import { toJobs } from './rows.ts'
import { LETTERS, NUL, numberOrNull, orEmpty } from './text.ts'

/** The hot call as lua/exchange.lua reads it, and its answer. */

const VERDICTS: Readonly<Record<string, SettleVerdict>> = {
  o: 'ok',
  s: 'stale',
  m: 'missing',
  c: 'cancel_requested',
  f: 'conflict',
}

export const verdictsOf = <Verdict extends SettleVerdict>(letters: string): Verdict[] => {
  const verdicts: Verdict[] = []
  for (const letter of letters) verdicts.push(VERDICTS[letter] as Verdict)
  return verdicts
}

/** A first success: written together with all others of the call. */
const isPlain = (settlement: Settlement): boolean =>
  settlement.to === 'completed' &&
  !settlement.solo &&
  !settlement.unlessCancelled &&
  settlement.delayMs === undefined &&
  settlement.progress === undefined &&
  settlement.checkpoint === undefined &&
  settlement.add === undefined &&
  settlement.records === undefined

/** What a settlement says of a job, whatever becomes of it. */
const valuesOf = (settlement: Settlement): string => {
  const { attempt, startedAt, retries, crashes, reason, output, error, history } = settlement
  return (
    `${attempt} ${startedAt ?? ''} ${retries} ${crashes}${NUL}${orEmpty(reason)}${NUL}` +
    `${orEmpty(output)}${NUL}${orEmpty(error)}${NUL}${orEmpty(history)}`
  )
}

/** A text that may be left out, too: whether it is named, and what it is then. */
const named = (letter: string, text: string | null | undefined): [string, string] =>
  text === undefined ? ['', ''] : [letter, orEmpty(text)]

const settleArguments = (settlement: Settlement): string[] => {
  const {
    id,
    fence,
    to,
    solo,
    delayMs,
    unlessCancelled,
    progress,
    checkpoint,
    records = [],
    add = [],
  } = settlement
  const jobs = add.length === 0 ? [] : jobArguments(add)
  return [
    ...[id, String(fence), LETTERS[to], solo ? '1' : '', valuesOf(settlement)],
    ...[String(delayMs ?? ''), unlessCancelled ? '1' : ''],
    ...named('p', progress),
    ...named('k', checkpoint),
    ...writeArguments(records),
    ...[String(jobs.length), ...jobs],
  ]
}

/** Behind the others, however many there are: a call has no room for a hundred thousand arguments of its own. */
const append = (args: string[], more: readonly string[]): void => {
  for (const one of more) args.push(one)
}

const listArguments = (names: readonly string[] | null): string[] =>
  names === null ? ['-1'] : [String(names.length), ...names]

/** First successes that say the same: usually those of one millisecond. */
interface Group {
  readonly fence: number
  readonly values: string
  ids: string
  readonly places: number[]
}

export interface Exchange {
  readonly args: string[]
  /** Which of the settlements travel where: first successes by groups, and then the others. */
  readonly places: readonly number[]
}

export const exchangeArguments = (request: ExchangeRequest): Exchange => {
  const { worker, settle = [], start = [], renew, claim } = request
  const isDistinct = new Set(settle.map(({ id }) => id)).size === settle.length
  const groups = new Map<string, Group>()
  const others: string[] = []
  const otherPlaces: number[] = []
  // First successes are written first. One that frees a key must not overtake one whose added job finds it taken.
  let mayOvertake = isDistinct
  for (let place = 0; place < settle.length; place++) {
    const settlement = settle[place] as Settlement
    if (mayOvertake && isPlain(settlement)) {
      const { id, fence } = settlement
      const values = valuesOf(settlement)
      const name = fence + NUL + values
      const group = groups.get(name)
      if (group === undefined) groups.set(name, { fence, values, ids: id, places: [place] })
      else {
        group.ids += id
        group.places.push(place)
      }
    } else {
      append(others, settleArguments(settlement))
      otherPlaces.push(place)
    }
    if (settlement.add !== undefined) mayOvertake = false
  }
  const args = [orEmpty(worker), String(ENGINE_BATCH_MAX), String(groups.size)]
  for (const { fence, values, ids } of groups.values()) args.push(String(fence), values, ids)
  args.push(String(otherPlaces.length))
  append(args, others)
  args.push(String(start.length))
  for (const { id, fence, attempt, startedAt } of start) {
    args.push(id, String(fence), String(attempt), String(startedAt))
  }
  args.push(renew === undefined ? '' : '1')
  if (renew !== undefined) {
    args.push(String(renew.leaseMs), renew.complete ? '1' : '', String(renew.leases.length))
    for (const { id, fence } of renew.leases) args.push(id, String(fence))
  }
  args.push(claim === undefined ? '' : '1')
  if (claim !== undefined) {
    args.push(String(claim.limit), String(claim.leaseMs), claim.order === 'listed' ? 'l' : 'm')
    args.push(...listArguments(claim.queues), ...listArguments(claim.tasks))
  }
  return { args, places: [...[...groups.values()].flatMap(({ places }) => places), ...otherPlaces] }
}

type Reply = readonly [
  now: string,
  plain: string,
  settled: string,
  started: string,
  renewed: string,
  unknown: string,
  jobs: string,
  more: number,
  nextDueAt: string,
]

export const exchangeAnswer = ({ places }: Exchange, reply: unknown): ExchangeAnswer => {
  const [now, successes, others, started, renewed, unknown, jobs, more, nextDueAt] = reply as Reply
  const letters = successes + others
  const settled: SettleVerdict[] = []
  for (let i = 0; i < places.length; i++)
    settled[places[i] as number] = VERDICTS[letters.charAt(i)] as SettleVerdict
  return {
    now: Number(now),
    settled,
    started: verdictsOf<LeaseVerdict>(started),
    renewed: verdictsOf<RenewVerdict>(renewed),
    unknown: toJobs(unknown),
    jobs: toJobs(jobs),
    more: more === 1,
    nextDueAt: numberOrNull(nextDueAt),
  }
}
