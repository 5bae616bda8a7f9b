import type { FailureKind, Phase } from './classify.ts'

/** One line of the table: all conditions that are given must hold. The first line that fits decides. */
export interface ReplyRule {
  readonly phases?: readonly Phase[]
  /** Tested against the three digits. */
  readonly code?: RegExp
  /** Tested against the enhanced status, '' when the reply has none. */
  readonly status?: RegExp
  /** Tested against the whole reply. Only where codes do not tell, because texts change. */
  readonly text?: RegExp
  readonly kind: FailureKind
  readonly reason: string
}

const rule = (kind: FailureKind, reason: string, when: Omit<ReplyRule, 'kind' | 'reason'>): ReplyRule => ({
  ...when,
  kind,
  reason,
})

/**
 * What server replies mean. Before the envelope a reply speaks of us and the server, never of a recipient; from then
 * on the enhanced status says more than the code, and the code's first digit is the last resort.
 */
export const REPLY_RULES: readonly ReplyRule[] = [
  // Before any recipient was named
  rule('throttle', 'the server limits logins', { phases: ['login'], code: /^(?:421|432|454)$/ }),
  rule('throttle', 'the server limits logins', { phases: ['login'], code: /^4/, status: /^4\.7\./ }),
  rule('outage', 'the server cannot check logins now', { phases: ['login'], code: /^4/ }),
  rule('broken', 'the server refused the user name or password', { phases: ['login'] }),
  rule('outage', 'the server takes no mail now', { phases: ['connect'], code: /^4/ }),
  rule('broken', 'the server does not accept this client', { phases: ['connect'] }),

  // The server wants something of the session, not of the mail
  rule('broken', 'the server wants a login or TLS first', { code: /^530$/ }),
  rule('broken', 'the login does not allow this', { code: /^5(?:34|35|38)$/ }),
  rule('retry', 'the session was out of step', { code: /^503$/ }),

  // Too fast, or too much at once
  rule('throttle', 'the server limits the rate', { code: /^(?:421|432|454)$/ }),
  rule('throttle', 'the server puts unknown senders off', { code: /^45[01]$/, status: /^4\.7\./ }),
  rule('throttle', 'the server limits the rate', {
    code: /^4/,
    text: /throttl|rate.?limit|too many (?:messages|connections|mails)|slow down/i,
  }),
  // Both 4xx and 5xx say so: others of the same mail were accepted, the rest is sent on the next attempt.
  rule('retry', 'too many recipients at once', { status: /^[45]\.5\.3$/ }),

  // For a while
  rule('retry', 'the mailbox is full', { code: /^552$/, status: /^5\.2\.2$/ }),
  rule('retry', 'the mailbox is full', { code: /^4/, status: /^4\.2\.2$/ }),
  rule('retry', 'the server put the mail off', { code: /^4/ }),

  // For good
  rule('refused', 'there is no such recipient', { code: /^5/, status: /^5\.1\.(?:1|2|3|6|10)$/ }),
  rule('refused', 'the mailbox is disabled', { code: /^5/, status: /^5\.2\.1$/ }),
  rule('refused', 'the message is too large', { code: /^5/, status: /^5\.(?:2|3)\.[34]$/ }),
  rule('refused', 'the message cannot be converted', { code: /^5/, status: /^5\.6\./ }),
  rule('refused', 'the policy of the server forbids it', { code: /^5/, status: /^5\.7\./ }),
  rule('refused', 'the server refused it', { code: /^5/ }),
]
