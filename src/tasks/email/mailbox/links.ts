import type { Email } from 'postal-mime'

const LINKS_MAX = 20
const LINK_LENGTH_MAX = 2_000
const SEARCHED_LENGTH_MAX = 512 * 1024

/**
 * The web links of a mail. The frame that shows the mail lets none of them open, and following one (to confirm an
 * address, to reset a password) is half of what a capture mailbox is for; so the page lists them beside the frame.
 */
export function linksIn(email: Email): string[] {
  const fromHtml = [
    ...(email.html ?? '').slice(0, SEARCHED_LENGTH_MAX).matchAll(/\shref\s?=\s?(?:"([^"]*)"|'([^']*)')/gi),
  ]
  const candidates =
    fromHtml.length > 0
      ? fromHtml.map((found) => decodeEntities(found[1] ?? found[2] ?? ''))
      : (email.text ?? '').slice(0, SEARCHED_LENGTH_MAX).match(/https?:\/\/[^\s<>"']+/g)
  return [...new Set(candidates?.flatMap((text) => webAddress(text) ?? []))].slice(0, LINKS_MAX)
}

/** Only what a browser opens as a page: `javascript:` and the like have no place in a link of ours. */
function webAddress(text: string): string | undefined {
  if (text.length > LINK_LENGTH_MAX || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined
}

const decodeEntities = (text: string): string =>
  text.replace(
    /&(amp|quot|#39|#x27);/gi,
    (_, name: string) => ({ amp: '&', quot: '"' })[name.toLowerCase()] ?? "'",
  )
