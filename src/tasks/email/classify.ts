import { REPLY_RULES } from './replies.ts'

/**
 * What a failure means for the mail.
 * - retry: the server put it off; try again by the task's retry policy.
 * - throttle: it asks us to slow down; wait without using up an attempt.
 * - outage: the server cannot be reached or used at all; no recipient's fault, wait without using up an attempt.
 * - broken: it can be reached, but not with this configuration (password, TLS); wait for a person to correct it.
 * - refused: for good, by what the mail or the recipient is; never tried again.
 * - uncertain: it may have been accepted, but the answer was lost; tried again with the same Message-ID.
 */
export type FailureKind = 'retry' | 'throttle' | 'outage' | 'broken' | 'refused' | 'uncertain'

/**
 * How far the conversation was when it failed.
 * - connect: DNS, TCP, greeting, EHLO, TLS.
 * - login: authentication.
 * - envelope: sender, recipients, DATA; nothing of the message was sent.
 * - body: the message was under way, without its end. A server must not deliver it.
 * - final: its end was sent; only the answer to it tells whether it was accepted.
 */
export type Phase = 'connect' | 'login' | 'envelope' | 'body' | 'final'

export interface Failure {
  readonly phase: Phase
  /** The mail library's or Node's error code: ECONNECTION, ETIMEDOUT, EAUTH, … */
  readonly code?: string
  /** The server's reply, when there is one: 550, "550 5.1.1 No such user". */
  readonly replyCode?: number
  readonly reply?: string
}

export interface Verdict {
  readonly kind: FailureKind
  /** A short name of the reason, for logs and per-recipient status. */
  readonly reason: string
  /** A wait that the server asked for in its reply. */
  readonly delayMs?: number
}

/** The enhanced status of a reply (RFC 3463), such as 5.1.1; only when its class agrees with the reply code. */
export function enhancedStatus(reply: string | undefined): string | undefined {
  const found = /^([245])\d\d[ -]([245])\.(\d{1,3})\.(\d{1,3})\b/.exec(reply ?? '')
  if (found === null || found[1] !== found[2]) return undefined
  return `${found[2]}.${found[3]}.${found[4]}`
}

/** "Try again in 5 minutes", "retry after 300 seconds": the wait in ms, when a reply names one. */
export function requestedDelayMs(reply: string | undefined): number | undefined {
  const found = /\b(\d{1,5}) ?(seconds?|secs?|s|minutes?|mins?|m|hours?|h)\b/i.exec(reply ?? '')
  if (found === null) return undefined
  const unit = found[2]?.[0]?.toLowerCase()
  return Number(found[1]) * (unit === 's' ? 1_000 : unit === 'm' ? 60_000 : 3_600_000)
}

const TRANSPORT_BROKEN = new Set(['EAUTH', 'ENOAUTH', 'ECONFIG', 'ETLS', 'EREQUIRETLS', 'EOAUTH2'])
const MAIL_REFUSED = new Set([
  'EMESSAGE',
  'EENVELOPE',
  'EFILEACCESS',
  'EURLACCESS',
  'EMAXRECIPIENTS',
  'ESTREAM',
])

export function classify(failure: Failure): Verdict {
  return failure.replyCode === undefined ? withoutReply(failure) : withReply(failure, failure.replyCode)
}

function withoutReply({ phase, code }: Failure): Verdict {
  // Whatever ended the conversation after the end of the message: the server may have taken it.
  if (phase === 'final') return { kind: 'uncertain', reason: 'the answer to the message was lost' }
  if (TRANSPORT_BROKEN.has(code ?? ''))
    return { kind: 'broken', reason: 'the server cannot be used as configured' }
  // Refused by our own side before anything was sent: too large, not allowed; a later try is no better.
  if (MAIL_REFUSED.has(code ?? '')) return { kind: 'refused', reason: 'the message cannot be sent' }
  return {
    kind: 'outage',
    reason: phase === 'connect' ? 'the server cannot be reached' : 'the connection was lost',
  }
}

function withReply(failure: Failure, replyCode: number): Verdict {
  const { phase, reply } = failure
  const status = enhancedStatus(reply)
  for (const rule of REPLY_RULES) {
    if (rule.phases !== undefined && !rule.phases.includes(phase)) continue
    if (rule.code !== undefined && !rule.code.test(String(replyCode))) continue
    if (rule.status !== undefined && !rule.status.test(status ?? '')) continue
    if (rule.text !== undefined && !rule.text.test(reply ?? '')) continue
    const delayMs = rule.kind === 'throttle' || rule.kind === 'retry' ? requestedDelayMs(reply) : undefined
    return { kind: rule.kind, reason: rule.reason, ...(delayMs !== undefined && { delayMs }) }
  }
  // A reply that is neither 4xx nor 5xx where success was another number: the session is out of step.
  return { kind: 'retry', reason: 'the server gave an unexpected reply' }
}
