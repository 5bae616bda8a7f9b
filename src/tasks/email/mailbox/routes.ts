import type { PackRoute } from '../../../index.ts'
import type { CaptureStore } from '../capture/store.ts'
import { mailboxes, parseMessage } from '../capture/summary.ts'
import { MAILBOX_PAGE_SIZE } from '../limits.ts'
import { BASE, desk, emptyPage, type ListPage, type MailboxInfo, notFoundPage } from './layout.ts'
import { mailHtml } from './mail-html.ts'
import { attachmentBytes, attachmentName, chooseView, type Message, messageSheet } from './message-page.ts'
import { downloadResponse, jsonResponse, mailResponse, pageResponse, styleResponse } from './responses.ts'
import { STYLE } from './style.ts'

/** The pages of the capture mailbox. Reading changes nothing, and there is nothing else to do. */
export function mailboxRoutes(store: CaptureStore, info: MailboxInfo): PackRoute[] {
  const read = async (id: string): Promise<Message | undefined> => {
    const [summary, bytes] = [await store.summary(id), await store.bytes(id)]
    return summary && bytes && { summary, bytes, email: await parseMessage(bytes) }
  }
  const missing = () => pageResponse(notFoundPage(info), 404)
  const get = (path: string, handler: PackRoute['handler']): PackRoute => ({ method: 'GET', path, handler })

  const listPage = async (request: Request) => {
    const list = page(await store.list(), Number(query(request).get('page') ?? 1))
    return pageResponse(
      list.total === 0 ? emptyPage(info) : desk(info, `Mailbox (${list.total})`, list, undefined),
    )
  }
  const listJson = async (request: Request) => {
    const { messages, ...rest } = page(await store.list(), Number(query(request).get('page') ?? 1))
    return jsonResponse({ ...rest, messages })
  }
  const messagePage = async (request: Request, id: string) => {
    const message = await read(id)
    if (message === undefined) return missing()
    const all = await store.list()
    const list = page(all, Math.floor(all.findIndex((one) => one.id === id) / MAILBOX_PAGE_SIZE) + 1)
    const sheet = messageSheet(message, chooseView(message, query(request).get('view')))
    return pageResponse(desk(info, message.summary.subject || '(no subject)', list, sheet, id))
  }
  const messageJson = async (id: string) => {
    const message = await read(id)
    return message === undefined
      ? jsonResponse({ error: 'There is no such message.' }, 404)
      : jsonResponse(json(message))
  }

  return [
    get(BASE, listPage),
    get(`${BASE}.json`, listJson),
    get(`${BASE}/:id`, (request, { id = '' }) => {
      if (id === 'style.css') return styleResponse(STYLE)
      return id.endsWith('.json') ? messageJson(id.slice(0, -'.json'.length)) : messagePage(request, id)
    }),
    get(`${BASE}/:id/html`, async (_, { id = '' }) => {
      const message = await read(id)
      return message?.email?.html === undefined ? missing() : mailResponse(mailHtml(message.email))
    }),
    get(`${BASE}/:id/source`, async (_, { id = '' }) => {
      const bytes = await store.bytes(id)
      return bytes === undefined ? missing() : downloadResponse(bytes, `${id}.eml`)
    }),
    get(`${BASE}/:id/attachments/:index`, async (_, { id = '', index = '' }) => {
      const attachment = /^\d{1,4}$/.test(index)
        ? (await read(id))?.email?.attachments[Number(index)]
        : undefined
      if (attachment === undefined) return missing()
      return downloadResponse(attachmentBytes(attachment), attachmentName(attachment, Number(index)))
    }),
  ]
}

const query = (request: Request): URLSearchParams => new URL(request.url).searchParams

/** One page of a list, newest first; a page that does not exist is the nearest that does. */
function page<T>(
  all: readonly T[],
  asked: number,
): Omit<ListPage, 'messages'> & { readonly messages: readonly T[] } {
  const pages = Math.max(Math.ceil(all.length / MAILBOX_PAGE_SIZE), 1)
  const at = Math.min(Math.max(Number.isInteger(asked) ? asked : 1, 1), pages)
  return {
    messages: all.slice((at - 1) * MAILBOX_PAGE_SIZE, at * MAILBOX_PAGE_SIZE),
    total: all.length,
    page: at,
    pages,
  }
}

const json = ({ summary, email }: Message) => ({
  ...summary,
  cc: mailboxes(email?.cc),
  replyTo: mailboxes(email?.replyTo),
  text: email?.text ?? null,
  html: email?.html ?? null,
  headers: email?.headers.map(({ originalKey, value }) => ({ name: originalKey, value })) ?? [],
  attachments: (email?.attachments ?? []).map((one, index) => ({
    filename: attachmentName(one, index),
    contentType: one.mimeType,
    size: attachmentBytes(one).length,
    url: `${BASE}/${summary.id}/attachments/${index}`,
  })),
})
