import type { Mailbox } from '../address.ts'
import type { CapturedSummary } from '../capture/summary.ts'
import { bytesText, hue, initials, longTime, shortTime, who } from './format.ts'
import { type Html, html } from './html.ts'

/** Where the pages live. */
export const BASE = '/mailbox'

/** What the pages say about the mail that the program sends. */
export interface MailboxInfo {
  readonly capturing: boolean
  /** "captured here, nothing is sent", "sent through mail.example.com:587". */
  readonly target: string
}

const ENVELOPE = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"><rect x="3" y="5.5" width="18" height="13.5" rx="2.2"/><path d="m3.6 7 7 5.6a2.2 2.2 0 0 0 2.8 0l7-5.6"/></svg>`

const PAPERCLIP = html`<svg class="clipped" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" role="img" aria-label="With attachments"><path d="m20 11-8.2 8.2a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.3 8.2a1.7 1.7 0 0 1-2.3-2.3L14.7 7"/></svg>`

const page = (title: string, info: MailboxInfo, content: Html): Html => html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="${BASE}/style.css">
<link rel="icon" href="data:,">
</head>
<body>
<header class="top">
<a class="brand" href="${BASE}">${ENVELOPE}Posthaste <span>Mailbox</span></a>
<p class="target">Mail is ${info.target}</p>
</header>
${content}
</body>
</html>`

export interface ListPage {
  readonly messages: readonly CapturedSummary[]
  /** All messages of the mailbox. */
  readonly total: number
  /** From 1. */
  readonly page: number
  readonly pages: number
}

/** The list beside what is read; on a narrow screen one of them. */
export const desk = (
  info: MailboxInfo,
  title: string,
  list: ListPage,
  reading: Html | undefined,
  selected?: string,
) =>
  page(
    title,
    info,
    html`<main class="desk${reading === undefined ? '' : ' open'}">
<nav class="list" aria-label="Messages">
<p class="count"><span>${list.total} ${list.total === 1 ? 'message' : 'messages'}</span><a href="${BASE}">Refresh</a></p>
<ol>${list.messages.map((one) => row(one, one.id === selected))}</ol>
${pager(list)}
</nav>
<section class="read" aria-label="Message">${
      reading ?? html`<div class="quiet">${ENVELOPE}<p>Choose a message to read it.</p></div>`
    }</section>
</main>`,
  )

const row = (
  one: CapturedSummary,
  selected: boolean,
): Html => html`<li><a class="row" href="${BASE}/${one.id}"${selected && html` aria-current="page"`}>
${face(one.from)}
<span class="name clip">${who(one.from)}</span>
<span class="when"><time datetime="${new Date(one.receivedAt).toISOString()}" title="${longTime(one.receivedAt)}">${shortTime(one.receivedAt)}</time></span>
<span class="subject clip">${one.subject || '(no subject)'}</span>
<span class="to clip">To ${recipients(one)}</span>
<span class="size">${one.attachments > 0 && PAPERCLIP}${bytesText(one.size)}</span>
<span class="preview clip">${one.preview}</span>
</a></li>
`

/** The envelope tells who really gets it, Bcc as well. */
const recipients = ({ to, envelope }: CapturedSummary): string => {
  const first = who(to[0] ?? { name: '', address: envelope.to[0] ?? 'nobody' })
  const others = Math.max(envelope.to.length, to.length) - 1
  return others > 0 ? `${first} and ${others} more` : first
}

export const face = (one: Mailbox | null): Html =>
  html`<span class="face h${hue(one?.address ?? '')}" aria-hidden="true">${initials(one)}</span>`

const pager = ({ page: at, pages }: ListPage): Html | false =>
  pages > 1 &&
  html`<p class="pages">${at > 1 && html`<a href="${BASE}?page=${at - 1}" rel="prev">Newer</a>`}<span>Page ${at} of ${pages}</span>${
    at < pages && html`<a href="${BASE}?page=${at + 1}" rel="next">Older</a>`
  }</p>`

export const emptyPage = (info: MailboxInfo): Html =>
  page(
    'Mailbox',
    info,
    html`<main class="empty">
${ENVELOPE}
<h1>No mail yet</h1>
${
  info.capturing
    ? html`<p>Every mail that a job sends is kept here instead of being delivered, so nothing can reach anybody by mistake.</p>`
    : html`<p>Mail goes out to its recipients. This mailbox only shows what is captured, and nothing was.</p>`
}
<h2>Send one from the command line</h2>
<pre><code>posthaste submit --task email --payload \\
  '{"to":"ada@example.com","subject":"Hello","text":"It works."}'</code></pre>
<h2>Or from a program</h2>
<pre><code>await ph.add('email', {
  to: 'Ada &lt;ada@example.com&gt;',
  subject: 'Hello',
  text: 'It works.',
})</code></pre>
${
  info.capturing &&
  html`<h2>When mail is really to be sent</h2>
<pre><code>SMTP_URL=smtp://user:password@mail.example.com:587
MAIL_FROM='Example &lt;hello@example.com&gt;'</code></pre>`
}
</main>`,
  )

export const notFoundPage = (info: MailboxInfo): Html =>
  page(
    'Not found',
    info,
    html`<main class="empty">${ENVELOPE}<h1>This message is not here</h1>
<p>The mailbox keeps the newest messages only; older ones make room. <a href="${BASE}">All messages</a></p></main>`,
  )
