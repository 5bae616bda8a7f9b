import { Readable } from 'node:stream'
import type { Context } from 'hono'
import type { BlobInfo } from '../../blobs/blob.ts'
import { PosthasteError } from '../../core/errors.ts'
import type { ServerDeps } from './deps.ts'
import { HTTP_LIMITS } from './limits.ts'
import type { Routes } from './routes.ts'
import { blobQuery, check, emptyBody } from './schemas.ts'

/** Whatever was uploaded is only ever downloaded: a browser that showed it would trust it with this site's origin. */
const DOWNLOAD_HEADERS = {
  'content-type': 'application/octet-stream',
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
}

/** The entity tags of a header, weak ones as strong ones. */
const named = (header = ''): string[] => header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))

/** `/v1/blobs`: bytes in and out, as streams. */
export const blobRoutes = ({ posthaste: { blobs } }: ServerDeps): Routes => {
  /** `sha256:` and 64 digits, or the digits alone: a colon is clumsy in paths. */
  const hashOf = (context: Context): string => {
    const text = context.req.param('hash') ?? ''
    return text.startsWith('sha256:') ? text : `sha256:${text}`
  }
  const existing = async (context: Context): Promise<BlobInfo> => {
    const info = await blobs.info(hashOf(context))
    if (info === null) throw new PosthasteError('E_BLOB_MISSING', undefined, { field: 'hash' })
    return info
  }
  const put = async (context: Context, hash?: string) => {
    const { keep } = check(blobQuery, context.req.query(), 'query')
    const request = context.req.raw
    const body = request.body as unknown as AsyncIterable<Uint8Array> | null
    const announced = Number(context.req.header('content-length') ?? 0)
    if (announced > blobs.maxBytes) {
      throw new PosthasteError('E_TOO_LARGE', `A blob may have ${blobs.maxBytes} bytes.`, {
        field: 'body',
        data: { limit: blobs.maxBytes },
      })
    }
    const deadline = AbortSignal.timeout(HTTP_LIMITS.handlerTimeoutMs)
    const info = await blobs.put(body ?? new Uint8Array(), {
      signal: AbortSignal.any([request.signal, deadline]),
      ...(keep === undefined ? {} : { keep }),
      ...(hash === undefined ? {} : { hash }),
    })
    context.header('location', `/v1/blobs/${info.hash}`)
    return context.json(info, 201)
  }

  return new Map([
    [
      '/v1/blobs',
      {
        async GET(context: Context) {
          check(emptyBody, context.req.query(), 'query')
          return context.json({ ...(await blobs.usage()), maxBytes: blobs.maxBytes })
        },
        POST: (context: Context) => put(context),
        PUT: (context: Context) => put(context),
      },
    ],
    [
      '/v1/blobs/:hash',
      {
        async GET(context: Context) {
          const { hash, size } = await existing(context)
          // The bytes of a hash never change: whoever has them needs them no more.
          const etag = `"${hash}"`
          if (named(context.req.header('if-none-match')).includes(etag))
            return new Response(null, { status: 304, headers: { etag } })
          const headers = {
            ...DOWNLOAD_HEADERS,
            etag,
            // What is read in parts cannot be compared with its hash.
            'accept-ranges': 'none',
            'content-length': String(size),
            'content-disposition': `attachment; filename="${hash.slice('sha256:'.length)}"`,
          }
          if (context.req.method === 'HEAD') return new Response(null, { headers })
          const stream = await blobs.stream(hash)
          // A reader that takes nothing must not hold the file open for ever.
          const late = setTimeout(() => stream.destroy(), HTTP_LIMITS.downloadTimeoutMs)
          stream.once('close', () => clearTimeout(late))
          return new Response(Readable.toWeb(stream) as unknown as globalThis.ReadableStream, { headers })
        },
        PUT: (context: Context) => put(context, hashOf(context)),
        async DELETE(context: Context) {
          const info = await existing(context)
          await blobs.remove(info.hash)
          return context.json(info)
        },
      },
    ],
  ])
}
