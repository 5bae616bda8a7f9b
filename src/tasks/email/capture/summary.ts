import PostalMime, { type Address, type Email } from 'postal-mime'
import type { Mailbox } from '../address.ts'
import type { CapturedEnvelope } from './store.ts'

/** What a list shows of a message, taken from its headers once, when it arrives. */
export interface CapturedSummary {
  readonly id: string
  /** Epoch ms. */
  readonly receivedAt: number
  readonly envelope: CapturedEnvelope
  readonly from: Mailbox | null
  readonly to: readonly Mailbox[]
  readonly subject: string
  readonly messageId: string
  /** The beginning of the text, on one line. */
  readonly preview: string
  readonly attachments: number
  /** Bytes of the message as it came. */
  readonly size: number
}

const PREVIEW_LENGTH = 160
const SHOWN_LENGTH_MAX = 1_000
/** Deeper structures are attacks; what cannot be parsed is still kept and shown as source. */
const PARSE_LIMITS = { maxNestingDepth: 50, maxHeadersSize: 256 * 1024 }

/** Takes a message apart, or answers undefined when it is too damaged for that. */
export async function parseMessage(bytes: Buffer): Promise<Email | undefined> {
  try {
    return await PostalMime.parse(bytes, PARSE_LIMITS)
  } catch {
    return undefined
  }
}

export async function summarise(
  bytes: Buffer,
): Promise<Omit<CapturedSummary, 'id' | 'receivedAt' | 'envelope'>> {
  const email = await parseMessage(bytes)
  return {
    from: mailboxes(email?.from === undefined ? [] : [email.from])[0] ?? null,
    to: mailboxes([...(email?.to ?? []), ...(email?.cc ?? [])]),
    subject: cut(email?.subject ?? ''),
    messageId: cut(email?.messageId ?? ''),
    preview: preview(email),
    attachments: email?.attachments.length ?? 0,
    size: bytes.length,
  }
}

/** A flat list of mailboxes: groups are replaced by their members. */
export function mailboxes(addresses: readonly Address[] | undefined): Mailbox[] {
  return (addresses ?? []).flatMap((one) =>
    (one.group ?? [one]).map(({ name, address }) => ({ name: cut(name ?? ''), address: cut(address ?? '') })),
  )
}

function preview(email: Email | undefined): string {
  // postal-mime makes text of HTML when a message has HTML alone; a rough strip of tags is enough for one line.
  const text = email?.text ?? email?.html?.slice(0, 20_000).replace(/<[^>]*>/g, ' ') ?? ''
  return text.slice(0, 4_000).replace(/\s+/g, ' ').trim().slice(0, PREVIEW_LENGTH)
}

const cut = (text: string): string => text.slice(0, SHOWN_LENGTH_MAX)

export function isSummary(value: unknown): value is CapturedSummary {
  if (typeof value !== 'object' || value === null) return false
  const { id, receivedAt, envelope, from, to, subject, messageId, preview, attachments, size } =
    value as Record<string, unknown>
  return (
    [id, subject, messageId, preview].every((one) => typeof one === 'string') &&
    [receivedAt, attachments, size].every((one) => typeof one === 'number') &&
    isEnvelope(envelope) &&
    (from === null || isMailbox(from)) &&
    Array.isArray(to) &&
    to.every(isMailbox)
  )
}

const isMailbox = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Mailbox).name === 'string' &&
  typeof (value as Mailbox).address === 'string'

const isEnvelope = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as CapturedEnvelope).from === 'string' &&
  Array.isArray((value as CapturedEnvelope).to) &&
  (value as CapturedEnvelope).to.every((one) => typeof one === 'string')
