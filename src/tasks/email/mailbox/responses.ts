import type { Html } from './html.ts'

/** The pages run no script at all and may only load their own stylesheet, and the mail inside its frame. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'none'",
  "style-src 'self'",
  "img-src 'self' data:",
  "frame-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/**
 * The mail inside the frame: its own styles and embedded images, nothing from the network, no scripts, no origin. The
 * sandbox is said here as well as on the frame, so that the address opened by itself is no more powerful.
 */
const MAIL_POLICY = [
  "default-src 'none'",
  'img-src data: cid:',
  "style-src 'unsafe-inline'",
  'sandbox',
  "frame-ancestors 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const NOTHING_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

const COMMON = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

const respond = (
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
  policy: string,
  more: Record<string, string> = {},
  status = 200,
) =>
  new Response(body, {
    status,
    headers: { ...COMMON, 'content-type': type, 'content-security-policy': policy, ...more },
  })

export const pageResponse = (page: Html, status = 200): Response =>
  respond(`<!doctype html>\n${page.markup}\n`, 'text/html; charset=utf-8', PAGE_POLICY, {}, status)

export const mailResponse = (markup: string): Response =>
  respond(markup, 'text/html; charset=utf-8', MAIL_POLICY)

export const jsonResponse = (value: unknown, status = 200): Response =>
  respond(
    `${JSON.stringify(value, null, 2)}\n`,
    'application/json; charset=utf-8',
    NOTHING_POLICY,
    {},
    status,
  )

export const styleResponse = (css: string): Response =>
  respond(css, 'text/css; charset=utf-8', NOTHING_POLICY, { 'cache-control': 'public, max-age=300' })

/** Bytes from a mail are only ever downloaded: a browser that showed them would trust them with this site's origin. */
export const downloadResponse = (bytes: Uint8Array, filename: string): Response =>
  respond(new Uint8Array(bytes), 'application/octet-stream', NOTHING_POLICY, {
    'content-disposition': contentDisposition(filename),
  })

const NAME_LENGTH_MAX = 200

/** RFC 6266: a plain name for old programs, and the real one percent-encoded. */
export function contentDisposition(filename: string): string {
  const safe = filename.replace(/[\p{C}/\\]/gu, '_')
  const name = [...safe].slice(0, NAME_LENGTH_MAX).join('') || 'attachment'
  const plain = name.replace(/[^A-Za-z0-9._ -]/g, '_')
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
