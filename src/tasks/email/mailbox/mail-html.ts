import type { Email } from 'postal-mime'
import { attachmentBytes } from './message-page.ts'

const IMAGE = /^image\/[a-z0-9.+-]{1,60}$/

/**
 * The HTML of a mail for its frame. Images that travel with the mail are named `cid:…`, which browsers do not know;
 * they are put in as data. Everything else stays as it came: the frame's policy decides what it may do.
 */
export function mailHtml(email: Email): string {
  const images = new Map(
    email.attachments.flatMap((one) => {
      const id = one.contentId?.replace(/^<|>$/g, '')
      if (id === undefined || !IMAGE.test(one.mimeType)) return []
      return [[id, `data:${one.mimeType};base64,${attachmentBytes(one).toString('base64')}`] as const]
    }),
  )
  if (images.size === 0) return email.html ?? ''
  return (email.html ?? '').replace(/\bcid:([^\s"'<>)]+)/gi, (whole, id: string) => images.get(id) ?? whole)
}
