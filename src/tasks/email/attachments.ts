import { type BlobRef, isBlobRef } from '../../index.ts'
import { readAttachmentFields } from './fields.ts'
import { ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, FILENAME_LENGTH_MAX } from './limits.ts'
import type { MailAttachment } from './mail.ts'
import type { Path, Problems } from './problems.ts'
import { firstUnsafe, hasUnsafe, utf8Length } from './text.ts'

const TOKEN = '[A-Za-z0-9!#$&^_.+-]+'
const MIME_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:; ?${TOKEN}=(?:${TOKEN}|"[^"\\\\]*"))*$`)
const CID = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,128}$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const BASE64_LENGTH_MAX = Math.ceil(ATTACHMENT_BYTES_MAX / 3) * 4

/** Reads attachments: bytes inside the payload, or blobs. Whatever names a file or an address to read is refused. */
export function readAttachments(given: unknown, path: Path, problems: Problems): MailAttachment[] {
  if (!Array.isArray(given)) {
    problems.add(path, 'must be an array')
    return []
  }
  if (given.length > ATTACHMENTS_MAX) {
    problems.add(path, `holds ${given.length} attachments; at most ${ATTACHMENTS_MAX} are possible`)
    return []
  }
  return given.flatMap((entry, index) => readAttachment(entry, [...path, index], problems) ?? [])
}

function readAttachment(entry: unknown, path: Path, problems: Problems): MailAttachment | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return problems.add(path, 'must be an object with filename and content')
  }
  const fields = readAttachmentFields(entry, problems, path)
  const at = (field: 'content' | 'encoding' | 'disposition'): Path => [
    ...path,
    fields.get(field)?.key ?? field,
  ]
  const text = (field: 'filename' | 'contentType' | 'cid', check: (value: string) => string | undefined) => {
    const found = fields.get(field)
    if (found === undefined) return undefined
    const wrong = typeof found.value === 'string' ? check(found.value) : 'must be text'
    if (wrong !== undefined) return problems.add([...path, found.key], wrong)
    return found.value as string
  }

  // What a reference says of its bytes holds where the attachment says nothing itself.
  const given = fields.get('content')?.value
  const ref = isBlobRef(given) ? given : undefined
  const fromRef = (value: string | undefined, check: (text: string) => string | undefined) => {
    const wrong = value === undefined ? undefined : check(value)
    return wrong === undefined
      ? value
      : problems.add(at('content'), `names a blob whose name or type ${wrong}`)
  }
  const filename = text('filename', checkFilename) ?? fromRef(ref?.name, checkFilename)
  const contentType = text('contentType', checkContentType) ?? fromRef(ref?.type, checkContentType)
  const cid = text('cid', (value) => (CID.test(bareCid(value)) ? undefined : 'is no valid content id'))
  const encoding = fields.get('encoding')?.value ?? 'base64'
  if (encoding !== 'base64' && encoding !== 'utf8' && encoding !== 'utf-8') {
    return problems.add(at('encoding'), 'must be "base64" or "utf8"')
  }
  const disposition = fields.get('disposition')?.value ?? (cid === undefined ? 'attachment' : 'inline')
  if (disposition !== 'attachment' && disposition !== 'inline') {
    return problems.add(at('disposition'), 'must be "attachment" or "inline"')
  }
  const content = readContent(fields.get('content')?.value, encoding, at('content'), problems)
  if (content === undefined) return undefined
  return {
    ...(filename !== undefined && { filename }),
    ...(contentType !== undefined && { contentType }),
    ...(cid !== undefined && { cid: bareCid(cid) }),
    disposition,
    content,
    encoding: 'base64',
  }
}

function checkFilename(value: string): string | undefined {
  const unsafe = firstUnsafe(value)
  if (unsafe !== undefined) return `contains the control character ${unsafe}`
  if (value.trim() === '' || value.length > FILENAME_LENGTH_MAX)
    return `must have 1 to ${FILENAME_LENGTH_MAX} characters`
  return undefined
}

function checkContentType(value: string): string | undefined {
  if (value.length > 127 || hasUnsafe(value) || !MIME_TYPE.test(value))
    return 'is no media type such as "text/csv"'
  // These would be taken apart as structure of the mail itself.
  if (/^(?:multipart|message)\//i.test(value)) return 'cannot be multipart or message'
  return undefined
}

const bareCid = (value: string): string =>
  value.startsWith('<') && value.endsWith('>') ? value.slice(1, -1) : value

function readContent(
  given: unknown,
  encoding: string,
  path: Path,
  problems: Problems,
): string | BlobRef | undefined {
  if (isBlobRef(given)) return { $blob: given.$blob }
  // `{ "$base64": … }` is how payloads write bytes everywhere else in Posthaste.
  const value =
    typeof given === 'object' && given !== null && Object.keys(given).length === 1 && '$base64' in given
      ? given.$base64
      : given
  if (typeof value !== 'string') {
    return problems.add(
      path,
      'must be text: base64, or anything with encoding "utf8"; or { "$blob": "sha256:…" }; files, streams and other objects are not accepted',
    )
  }
  const tooLarge = () =>
    problems.add(
      path,
      `is larger than ${ATTACHMENT_BYTES_MAX / 1024} KB; store it as a blob, or send a link to it`,
    )
  if (encoding !== 'base64' && value === given) {
    if (utf8Length(value) > ATTACHMENT_BYTES_MAX) return tooLarge()
    return Buffer.from(value, 'utf8').toString('base64')
  }
  const compact = value.replace(/[\r\n]/g, '')
  if (compact.length > BASE64_LENGTH_MAX) return tooLarge()
  if (compact.length % 4 !== 0 || !BASE64.test(compact)) {
    return problems.add(path, 'is not valid base64; for plain text add encoding "utf8"')
  }
  return Buffer.byteLength(compact, 'base64') > ATTACHMENT_BYTES_MAX ? tooLarge() : compact
}
