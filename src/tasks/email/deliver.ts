import { PosthasteError, RetryAfter, type Snooze, snooze, type TaskContext } from '../../index.ts'
import type { Mailbox } from './address.ts'
import { classify, type Failure, type Verdict } from './classify.ts'
import {
  BROKEN_DELAY_MS,
  DELAY_JITTER,
  EXPIRES_AFTER_MS,
  REPLY_LENGTH_MAX,
  THROTTLE_DELAY_MAX_MS,
  THROTTLE_DELAY_MS,
} from './limits.ts'
import { loadBlobs } from './load.ts'
import type { Mail } from './mail.ts'
import { messageIdFor, renderMessage } from './message.ts'
import { SmtpError } from './session.ts'
import type { Transport } from './transport.ts'

export type RecipientStatus = 'accepted' | 'refused' | 'deferred' | 'expired'

export interface RecipientOutcome {
  readonly status: RecipientStatus
  /** What the server said about this recipient or to the message. */
  readonly reply?: string
}

/** The output of the mail task. */
export interface MailOutput {
  readonly messageId: string
  /** The id that the server put in its place, when it says so. */
  readonly serverMessageId?: string
  /** Where it was handed over: host and port, or the capture mailbox. */
  readonly via: string
  readonly recipients: Readonly<Record<string, RecipientOutcome>>
}

/** What later attempts must know: who has the mail already, and as whose it was begun. */
interface Progress {
  readonly from: Mailbox
  readonly recipients: Record<string, RecipientOutcome>
}

export interface DeliveryOptions {
  /** The configured sender, for mails that name none. */
  readonly from: Mailbox | undefined
  readonly transport: Transport
  readonly now?: () => number
}

/**
 * One attempt to deliver a mail. Each recipient is settled on its own: who accepted or refused it for good is not
 * asked again, and the checkpoint says so before the next attempt.
 * @returns the outcome per recipient, or a snooze when the server cannot be used now
 * @throws E_MAIL_DEFERRED or RetryAfter to be run again; E_MAIL_REFUSED, E_MAIL_EXPIRED, E_MAIL_CONFIG for good
 */
export async function deliver(
  mail: Mail,
  context: TaskContext,
  { from: configuredFrom, transport, now = Date.now }: DeliveryOptions,
): Promise<MailOutput | Snooze> {
  const previous = context.checkpoint.get() as Progress | undefined
  const from = previous?.from ?? mail.from ?? configuredFrom
  if (from === undefined) {
    throw new PosthasteError('E_MAIL_CONFIG', 'The mail names no sender and MAIL_FROM is not set.', {
      field: 'from',
    })
  }
  const recipients: Record<string, RecipientOutcome> = { ...previous?.recipients }
  const all = [...mail.to, ...mail.cc, ...mail.bcc].map(({ address }) => address)
  const open = all.filter((address) => !isSettled(recipients[address]))
  const expiresAt =
    mail.expiresAt === undefined ? +context.job.createdAt + EXPIRES_AFTER_MS : Date.parse(mail.expiresAt)
  const delivery = new Delivery(recipients, transport, messageIdFor({ jobId: context.job.id, from }))

  if (now() >= expiresAt) {
    for (const address of open) recipients[address] = { ...recipients[address], status: 'expired' }
    return delivery.finish('E_MAIL_EXPIRED')
  }
  const later = (delayMs: number, reason: string) =>
    snooze(Math.ceil(Math.min(delayMs * (1 + DELAY_JITTER * Math.random()), expiresAt - now() + 1)), reason)
  const blocked = transport.breaker.blocked()
  if (blocked !== undefined) return later(blocked.delayMs, blocked.reason)

  const { bytes } = await renderMessage(await loadBlobs(mail, context.blobs), {
    jobId: context.job.id,
    createdAt: context.job.createdAt,
    from,
  })
  const headers = [from, ...mail.to, ...mail.cc, ...mail.replyTo].map(({ address }) => address)
  const verdicts = await delivery.send(
    { envelope: { from: from.address, to: open }, bytes, addresses: [...headers, ...open] },
    context,
  )
  if (verdicts.length === 0) return delivery.finish('E_MAIL_REFUSED')

  // Nothing to remember when nobody has decided and nobody can have got it.
  const decided = open.some((address) => isSettled(recipients[address]))
  if (decided || verdicts.some(({ kind }) => kind === 'uncertain')) {
    await context.checkpoint.set({ from, recipients } satisfies Progress)
  }
  const said = delivery.summary('deferred')
  context.log(said, 'warn')
  const kinds = new Set(verdicts.map(({ kind }) => kind))
  const askedMs = Math.max(...verdicts.map(({ delayMs }) => delayMs ?? 0))
  if (kinds.has('uncertain')) throw new PosthasteError('E_MAIL_UNCERTAIN', said)
  if (kinds.has('retry')) {
    if (askedMs > 0) throw new RetryAfter(Math.min(askedMs, THROTTLE_DELAY_MAX_MS), said)
    throw new PosthasteError('E_MAIL_DEFERRED', said)
  }
  if (kinds.has('throttle')) return later(Math.min(askedMs || THROTTLE_DELAY_MS, THROTTLE_DELAY_MAX_MS), said)
  return later(transport.breaker.failed(said, kinds.has('broken') ? BROKEN_DELAY_MS : 0), said)
}

/** The recipients of one mail and what became of them. */
class Delivery {
  private readonly recipients: Record<string, RecipientOutcome>
  private readonly transport: Transport
  private readonly messageId: string
  private serverMessageId: string | undefined

  constructor(recipients: Record<string, RecipientOutcome>, transport: Transport, messageId: string) {
    this.recipients = recipients
    this.transport = transport
    this.messageId = messageId
  }

  /** Sends to all that are open, notes what became of each, and answers the verdicts of those to try again. */
  async send(message: Parameters<Transport['send']>[0], context: TaskContext): Promise<Verdict[]> {
    try {
      const result = await this.transport.send(message, context.signal)
      this.transport.breaker.succeeded()
      this.serverMessageId = result.serverMessageId
      for (const address of result.accepted) this.note(address, 'accepted', result.reply)
      return result.refused.flatMap(({ address, failure }) => this.judge(address, failure) ?? [])
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error
      if (context.signal.aborted) {
        if (error.failure.phase === 'final')
          context.log('Stopped before the answer; the mail may have been accepted.', 'warn')
        throw context.signal.reason
      }
      const each = new Map(error.recipients.map(({ address, failure }) => [address, failure]))
      const verdicts = message.envelope.to.flatMap(
        (address) => this.judge(address, each.get(address) ?? error.failure, error.message) ?? [],
      )
      const unusable = verdicts.some(({ kind }) => kind === 'outage' || kind === 'broken')
      if (!unusable) this.transport.breaker.succeeded()
      return verdicts
    }
  }

  private judge(address: string, failure: Failure, message?: string): Verdict | undefined {
    const verdict = classify(failure)
    const refused = verdict.kind === 'refused'
    this.note(
      address,
      refused ? 'refused' : 'deferred',
      `${verdict.reason}: ${failure.reply ?? message ?? failure.code ?? ''}`,
    )
    return refused ? undefined : verdict
  }

  private note(address: string, status: RecipientStatus, reply: string): void {
    this.recipients[address] = { status, reply: reply.slice(0, REPLY_LENGTH_MAX) }
  }

  /** The output when anybody got the mail; otherwise there is nothing to be called done. */
  finish(otherwise: 'E_MAIL_REFUSED' | 'E_MAIL_EXPIRED'): MailOutput {
    const got = Object.values(this.recipients).some(({ status }) => status === 'accepted')
    if (!got)
      throw new PosthasteError(
        otherwise,
        this.summary(otherwise === 'E_MAIL_EXPIRED' ? 'expired' : 'refused'),
      )
    return {
      messageId: this.messageId,
      ...(this.serverMessageId !== undefined && { serverMessageId: this.serverMessageId }),
      via: this.transport.name,
      recipients: this.recipients,
    }
  }

  /** One line: whom it concerns, how many more, and what the server said. */
  summary(status: RecipientStatus): string {
    const concerned = Object.entries(this.recipients).filter(([, outcome]) => outcome.status === status)
    const [address, outcome] = concerned[0] ?? ['nobody', { reply: '' }]
    const others = concerned.length > 1 ? ` and ${concerned.length - 1} more` : ''
    return `Mail to ${address}${others} ${status}: ${outcome.reply ?? 'it was never handed over'}.`
  }
}

const isSettled = (outcome: RecipientOutcome | undefined): boolean =>
  outcome?.status === 'accepted' || outcome?.status === 'refused'
