import { PosthasteError } from '../../core/errors.ts'
import { checkJsonText, parsePayload } from '../../core/json.ts'
import { HTTP_LIMITS } from './limits.ts'

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

/**
 * The JSON body of a request, checked for size, depth, hostile keys and numbers that would be rounded. An absent body is
 * an empty object: actions like retry need none.
 * @param options.anyType the Content-Type is not looked at
 * @throws E_CONTENT_TYPE, E_TOO_LARGE, E_JSON
 */
export const readJson = async (
  request: Request,
  options: { readonly anyType?: boolean } = {},
): Promise<unknown> => {
  const bytes = await readBytes(request, HTTP_LIMITS.bodyBytes)
  if (bytes.length === 0) return {}
  const type = request.headers.get('content-type') ?? ''
  if (options.anyType !== true && !JSON_TYPE.test(type)) {
    throw new PosthasteError('E_CONTENT_TYPE', `The Content-Type is ${JSON.stringify(type.slice(0, 100))}.`, {
      field: 'Content-Type',
    })
  }
  const text = decode(bytes)
  checkJsonText(text, 'body', HTTP_LIMITS.bodyBytes)
  return parsePayload(text)
}

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw new PosthasteError('E_JSON', 'The body is not UTF-8.', { field: 'body' })
  }
}

/** Stops reading at the limit; what a sender announces is believed only when it is too much. */
const readBytes = async (request: Request, limit: number): Promise<Uint8Array> => {
  const tooLarge = () =>
    new PosthasteError('E_TOO_LARGE', `The body is larger than ${limit} bytes.`, {
      field: 'body',
      data: { limit },
    })
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge()
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}
