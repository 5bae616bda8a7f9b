import type { Attachment, Email } from 'postal-mime'
import type { Mailbox } from '../address.ts'
import { type CapturedSummary, mailboxes } from '../capture/summary.ts'
import { MAILBOX_SHOWN_BYTES_MAX } from '../limits.ts'
import { bytesText, longTime, who } from './format.ts'
import { type Html, html } from './html.ts'
import { BASE, face } from './layout.ts'
import { linksIn } from './links.ts'

/** A message as the pages need it; `email` is undefined when it is too damaged to be taken apart. */
export interface Message {
  readonly summary: CapturedSummary
  readonly bytes: Buffer
  readonly email: Email | undefined
}

export const VIEWS = ['html', 'text', 'headers', 'source'] as const
export type View = (typeof VIEWS)[number]

/** The view that was asked for when the message has it, else the best it has. */
export function chooseView({ email }: Message, asked: string | null): View {
  const present = VIEWS.filter((view) => (view === 'html' || view === 'text' ? Boolean(email?.[view]) : true))
  return present.find((view) => view === asked) ?? (email === undefined ? 'source' : (present[0] ?? 'source'))
}

export function messageSheet(message: Message, view: View): Html {
  const { summary, email } = message
  return html`<article class="sheet">
<a class="back" href="${BASE}">← All messages</a>
<h1>${summary.subject || '(no subject)'}</h1>
<div class="meta">${face(summary.from)}<div>
<p><strong>${who(summary.from)}</strong>${summary.from?.name && html` <span class="addr">${summary.from.address}</span>`}</p>
${addressLine('To', mailboxes(email?.to))}${addressLine('Cc', mailboxes(email?.cc))}${addressLine('Bcc', hidden(message))}
</div><time datetime="${new Date(summary.receivedAt).toISOString()}">${longTime(summary.receivedAt)}</time></div>
<nav class="tabs" aria-label="Views">${VIEWS.map((one) => tab(message, one, view))}<a class="end" href="${BASE}/${summary.id}/source" download>Download</a></nav>
<div class="body">${content(message, view)}</div>
${attachments(message)}${links(message)}
</article>`
}

const TITLES: Readonly<Record<View, string>> = {
  html: 'HTML',
  text: 'Text',
  headers: 'Headers',
  source: 'Source',
}

const tab = (message: Message, one: View, current: View): Html | false =>
  chooseView(message, one) === one &&
  html`<a href="${BASE}/${message.summary.id}?view=${one}"${one === current && html` aria-current="page"`}>${TITLES[one]}</a>`

const addressLine = (label: string, list: readonly Mailbox[]): Html | false =>
  list.length > 0 &&
  html`<p class="to">${label} ${list
    .map(({ name, address }) => (name === '' ? address : `${name} <${address}>`))
    .join(', ')}</p>`

/** Recipients of the envelope that no header names: the Bcc. */
function hidden({ summary, email }: Message): Mailbox[] {
  const named = new Set(
    [...mailboxes(email?.to), ...mailboxes(email?.cc)].map(({ address }) => address.toLowerCase()),
  )
  return summary.envelope.to
    .filter((address) => !named.has(address.toLowerCase()))
    .map((address) => ({ name: '', address }))
}

function content({ summary, email, bytes }: Message, view: View): Html {
  if (view === 'html') {
    return html`<iframe sandbox src="${BASE}/${summary.id}/html" title="The message as HTML" referrerpolicy="no-referrer"></iframe>`
  }
  if (view === 'text') return shown(email?.text ?? '', 'prose')
  if (view === 'source') return shown(bytes.subarray(0, MAILBOX_SHOWN_BYTES_MAX + 1).toString('utf8'), '')
  return html`<dl class="headers">${email?.headers.map(
    ({ originalKey, value }) => html`<dt>${originalKey}</dt><dd>${value}</dd>`,
  )}</dl>`
}

const shown = (text: string, kind: string): Html =>
  html`<pre class="${kind}">${text.slice(0, MAILBOX_SHOWN_BYTES_MAX)}</pre>${
    text.length > MAILBOX_SHOWN_BYTES_MAX && html`<p class="note">The rest is in the download.</p>`
  }`

function attachments({ summary, email }: Message): Html | false {
  const list = email?.attachments ?? []
  return (
    list.length > 0 &&
    html`<section class="more"><h2>Attachments</h2><ul class="chips">${list.map(
      (one, index) =>
        html`<li><a href="${BASE}/${summary.id}/attachments/${index}" download>${attachmentName(one, index)} <small>${bytesText(attachmentBytes(one).length)}</small></a></li>`,
    )}</ul></section>`
  )
}

function links({ email }: Message): Html | false {
  const list = email === undefined ? [] : linksIn(email)
  return (
    list.length > 0 &&
    html`<section class="more"><h2>Links</h2><ul class="links">${list.map(
      (href) =>
        html`<li><a href="${href}" target="_blank" rel="noopener noreferrer nofollow">${href}</a></li>`,
    )}</ul></section>`
  )
}

export const attachmentName = ({ filename }: Attachment, index: number): string =>
  filename?.trim() || `attachment-${index + 1}`

export const attachmentBytes = ({ content }: Attachment): Buffer =>
  typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as ArrayBuffer)
