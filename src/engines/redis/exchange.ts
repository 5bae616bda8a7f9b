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

export interface Exchange {
  readonly args: string[]
  /** Which of the settlements travel among the first successes. */
  readonly plain: readonly boolean[]
}

export const exchangeArguments = (request: ExchangeRequest): Exchange => {
  const { worker, settle = [], start = [], renew, claim } = request
  const isDistinct = new Set(settle.map(({ id }) => id)).size === settle.length
  const plain: boolean[] = []
  const successes: string[] = []
  const others: string[] = []
  // First successes are written first. One that frees a key must not overtake one whose added job finds it taken.
  let mayOvertake = isDistinct
  for (const settlement of settle) {
    const isOne = mayOvertake && isPlain(settlement)
    plain.push(isOne)
    if (isOne) successes.push(settlement.id, String(settlement.fence), valuesOf(settlement))
    else append(others, settleArguments(settlement))
    if (settlement.add !== undefined) mayOvertake = false
  }
  const count = plain.filter(Boolean).length
  const args = [orEmpty(worker), String(ENGINE_BATCH_MAX), String(count)]
  append(args, successes)
  args.push(String(settle.length - count))
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
  return { args, plain }
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

/** Puts the verdicts of first successes and others into the order of the request. */
const inOrder = (plain: readonly boolean[], successes: string, others: string): SettleVerdict[] => {
  let success = 0
  let other = 0
  let letters = ''
  for (const isPlainOne of plain) letters += isPlainOne ? successes.charAt(success++) : others.charAt(other++)
  return verdictsOf(letters)
}

export const exchangeAnswer = ({ plain }: Exchange, reply: unknown): ExchangeAnswer => {
  const [now, successes, others, started, renewed, unknown, jobs, more, nextDueAt] = reply as Reply
  return {
    now: Number(now),
    settled: inOrder(plain, successes, others),
    started: verdictsOf<LeaseVerdict>(started),
    renewed: verdictsOf<RenewVerdict>(renewed),
    unknown: toJobs(unknown),
    jobs: toJobs(jobs),
    more: more === 1,
    nextDueAt: numberOrNull(nextDueAt),
  }
}
