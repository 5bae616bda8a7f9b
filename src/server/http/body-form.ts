import { PosthasteError } from '../../core/errors.ts'

/** A login form holds one token. */
const FORM_BYTES_MAX = 8 * 1024

/**
 * The fields of a posted HTML form.
 * @throws E_CONTENT_TYPE, E_TOO_LARGE
 */
export const readForm = async (request: Request): Promise<URLSearchParams> => {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) {
    throw new PosthasteError('E_CONTENT_TYPE', 'The login takes a form, application/x-www-form-urlencoded.', {
      field: 'Content-Type',
    })
  }
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of (request.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > FORM_BYTES_MAX) {
      throw new PosthasteError('E_TOO_LARGE', `The form is larger than ${FORM_BYTES_MAX} bytes.`, {
        field: 'body',
        data: { limit: FORM_BYTES_MAX },
      })
    }
  }
  return new URLSearchParams(text)
}
