import { createHmac } from 'node:crypto'
import { PosthasteError } from '../../index.ts'
import { SIGNING_KEY_BYTES_MIN } from './limits.ts'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * The headers of Standard Webhooks (https://www.standardwebhooks.com): the receiver hashes id, time and body with the key
 * that both know. With several keys there is a signature for each, so that keys can be changed without a gap.
 * @param id the same for every attempt, so that the receiver can tell a repetition
 * @param keys base64, with or without the prefix "whsec_"
 * @param at epoch ms of this attempt
 * @throws E_SECRET when a key is no base64 of at least 16 bytes
 */
export const signatureHeaders = (
  id: string,
  at: number,
  body: Uint8Array,
  keys: readonly string[],
): Record<string, string> => {
  const timestamp = String(Math.floor(at / 1_000))
  const signatures = keys.map((key) => {
    const hmac = createHmac('sha256', keyBytes(key)).update(`${id}.${timestamp}.`).update(body)
    return `v1,${hmac.digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

const keyBytes = (key: string): Buffer => {
  const text = key.replace(/^whsec_/, '')
  const bytes = Buffer.from(text, 'base64')
  if (BASE64.test(text) && bytes.length >= SIGNING_KEY_BYTES_MIN) return bytes
  throw new PosthasteError(
    'E_SECRET',
    `A signing key must be whsec_ and base64 of at least ${SIGNING_KEY_BYTES_MIN} bytes.`,
    { field: 'sign.keys' },
  )
}
