import { type Blobs, isPosthasteError, PosthasteError } from '../../index.ts'
import { MESSAGE_BYTES_MAX } from './limits.ts'
import type { Mail, MailAttachment } from './mail.ts'

/**
 * The mail with the bytes of its blobs in it.
 * @throws E_BLOB_MISSING, E_BLOB_DAMAGED, E_BLOBS; E_TOO_LARGE when the message would become larger than relays take
 */
export async function loadBlobs(mail: Mail, blobs: Blobs): Promise<Mail> {
  const attachments: MailAttachment[] = []
  // Base64 makes four bytes of three.
  let left = Math.floor((MESSAGE_BYTES_MAX / 4) * 3)
  for (const one of mail.attachments) {
    const content =
      typeof one.content === 'string'
        ? one.content
        : (await blobs.bytes(one.content, { maxBytes: left }).catch(refuseTooLarge)).toString('base64')
    left -= Buffer.byteLength(content, 'base64')
    if (left < 0) refuseTooLarge(new PosthasteError('E_TOO_LARGE'))
    attachments.push({ ...one, content })
  }
  return { ...mail, attachments }
}

/** Says what is too large. */
function refuseTooLarge(error: unknown): never {
  if (!isPosthasteError(error, 'E_TOO_LARGE')) throw error
  const what = `The attachments make a message of more than ${MESSAGE_BYTES_MAX / 1024 / 1024} MB.`
  throw new PosthasteError('E_TOO_LARGE', what, { field: 'attachments' })
}
