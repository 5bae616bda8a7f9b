import type { CancelRequest, Change } from '../../core/job.ts'
import type { ChangeVerdict, LeaseVerdict, Report } from '../engine.ts'
import { LETTERS, NUL, orEmpty } from './text.ts'

/** The calls beside the exchange, as their scripts read them. */

const named = (letter: string, text: string | null | undefined): [string, string] =>
  text === undefined ? ['', ''] : [letter, orEmpty(text)]

/** Number of reports, and each with its log lines. */
export const reportArguments = (reports: readonly Report[]): string[] => {
  const args = [String(reports.length)]
  for (const { id, fence, progress, checkpoint, log = [] } of reports) {
    args.push(id, String(fence), ...named('p', progress), ...named('k', checkpoint), String(log.length))
    for (const { seq, at, level, message } of log) args.push(String(seq), at + NUL + level + NUL + message)
  }
  return args
}

export const changeArguments = (changes: readonly Change[]): string[] => {
  const args = [String(changes.length)]
  for (const change of changes) {
    const { id, fence, from, to, solo, delayMs, priority, attempt, retries, crashes } = change
    const texts = [change.reason, change.output, change.error, change.history].map(orEmpty)
    args.push(id, String(fence), LETTERS[from], LETTERS[to], solo ? '1' : '', String(delayMs ?? ''))
    args.push(String(priority ?? ''), String(attempt), [`${retries} ${crashes}`, ...texts].join(NUL))
  }
  return args
}

const LEASE_VERDICTS: Readonly<Record<string, LeaseVerdict>> = { o: 'ok', s: 'stale', m: 'missing' }

/** Verdicts from their letters; holders of keys come in the order in which they were met. */
export const changeVerdicts = (letters: string, holders: readonly string[]): ChangeVerdict[] => {
  let taken = 0
  return [...letters].map((letter): ChangeVerdict => {
    if (letter === 'k') return { status: 'key_taken', holder: holders[taken++] ?? '' }
    return { status: LEASE_VERDICTS[letter] ?? 'missing' }
  })
}

export const cancelArguments = (
  requests: readonly { readonly id: string; readonly request: CancelRequest }[],
): string[] => {
  const args = [String(requests.length)]
  for (const { id, request } of requests) {
    const { at, by, reason } = request
    args.push(id, JSON.stringify({ at, by, reason }))
  }
  return args
}
