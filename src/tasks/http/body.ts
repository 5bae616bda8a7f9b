import { type Blobs, isBlobRef } from '../../index.ts'
import { REQUEST_BYTES_MAX } from './limits.ts'
import type { Secrets } from './secrets.ts'

export interface Body {
  readonly bytes: Buffer
  /** What it is when no header says so. */
  readonly type: string
}

/**
 * The body as bytes, with its secrets filled in. Undefined: there is none.
 * @throws E_BLOB_MISSING, E_TOO_LARGE, E_SECRET
 */
export const renderBody = async (
  given: unknown,
  blobs: Blobs,
  secrets: Secrets,
): Promise<Body | undefined> => {
  if (given === undefined) return undefined
  if (typeof given === 'string')
    return { bytes: Buffer.from(given, 'utf8'), type: 'text/plain; charset=utf-8' }
  if (isBlobRef(given)) {
    const bytes = await blobs.bytes(given, { maxBytes: REQUEST_BYTES_MAX })
    return { bytes, type: given.type ?? 'application/octet-stream' }
  }
  const { $base64: base64 } = Object(given) as { readonly $base64?: unknown }
  if (typeof base64 === 'string') {
    return { bytes: Buffer.from(base64, 'base64'), type: 'application/octet-stream' }
  }
  return { bytes: Buffer.from(JSON.stringify(secrets.fill(given)), 'utf8'), type: 'application/json' }
}
