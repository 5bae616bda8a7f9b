import type { Blobs } from '../../index.ts'
import type { OutboundResponse } from '../../outbound/index.ts'
import {
  CAPTURE_BYTES_MAX,
  CAPTURED_HEADER_LENGTH_MAX,
  EXCERPT_BYTES_MAX,
  EXCERPT_LENGTH_MAX,
} from './limits.ts'
import type { HttpPayload } from './payload.ts'
import type { Secrets } from './secrets.ts'

export interface HttpOutput {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Text, or bytes, or where they are; null: nothing came, or nothing was to be kept. */
  readonly body:
    | string
    | { readonly $base64: string }
    | { readonly $blob: string; readonly type?: string }
    | null
  /** Bytes of the body that were read. */
  readonly size: number
  /** The body went on beyond what is kept with a job. */
  readonly truncated: boolean
  readonly redirects: number
  readonly durationMs: number
}

const HEADERS = ['content-type', 'etag', 'last-modified', 'location', 'retry-after', 'x-request-id']

/** What is kept of an answer: bounded, and without the secrets of the request. */
export const capture = async (
  response: OutboundResponse,
  { headers: more = [], body: kind = 'inline' }: NonNullable<HttpPayload['response']>,
  secrets: Secrets,
  blobs: Blobs,
): Promise<Omit<HttpOutput, 'durationMs'>> => {
  const names = new Set([...HEADERS, ...more.map((name) => name.toLowerCase())])
  const kept = [...names].flatMap((name) => {
    const value = response.headers.get(name)
    return value === undefined
      ? []
      : [[name, clean(secrets.mask(value)).slice(0, CAPTURED_HEADER_LENGTH_MAX)]]
  })
  const about = {
    status: response.status,
    headers: Object.fromEntries(kept) as Record<string, string>,
    redirects: response.redirects,
  }
  if (kind === 'none') {
    response.discard()
    return { ...about, body: null, size: 0, truncated: false }
  }
  if (kind === 'blob') {
    const bytes = await response.bytes()
    const { hash } = await blobs.put(secrets.maskBytes(bytes))
    const type = response.headers.get('content-type')
    const body = {
      $blob: hash,
      ...(type === undefined ? {} : { type: clean(secrets.mask(type)).slice(0, 127) }),
    }
    return { ...about, body, size: bytes.length, truncated: false }
  }
  const { bytes, truncated } = await beginning(response, CAPTURE_BYTES_MAX, secrets)
  return { ...about, body: inline(bytes, truncated), size: bytes.length, truncated }
}

/** The first line of an error's explanation: what the server said, for people. */
export const excerpt = async (response: OutboundResponse, secrets: Secrets): Promise<string> => {
  try {
    const { bytes } = await beginning(response, EXCERPT_BYTES_MAX, secrets)
    return clean(bytes.toString('utf8')).replace(/\s+/g, ' ').trim().slice(0, EXCERPT_LENGTH_MAX)
  } catch {
    // The status says enough; that the rest broke off is no better reason.
    return ''
  }
}

/** Read beyond what is kept, so that a secret at the cut is known as a whole. */
const MASK_BYTES = 32 * 1024

const beginning = async (
  response: OutboundResponse,
  limit: number,
  secrets: Secrets,
): Promise<{ readonly bytes: Buffer; readonly truncated: boolean }> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > limit + MASK_BYTES) break
  }
  const all = secrets.maskBytes(Buffer.concat(chunks))
  return { bytes: all.subarray(0, limit), truncated: size > limit }
}

/** Control characters, which no text has, and NUL, which not every store keeps. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/

const clean = (text: string): string => text.toWellFormed().replace(new RegExp(CONTROLS, 'g'), '\ufffd')

/** Text where it is text, else bytes. A character that was cut at the end is left away. */
const inline = (bytes: Buffer, truncated: boolean): HttpOutput['body'] => {
  if (bytes.length === 0) return null
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, {
      stream: truncated,
    })
    if (!CONTROLS.test(text)) return text
  } catch {
    // No UTF-8.
  }
  return { $base64: bytes.toString('base64') }
}
