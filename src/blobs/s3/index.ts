import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend, Stored } from '../backend.ts'
import { type S3Answer, s3Client } from './client.ts'
import type { Place } from './place.ts'

const EXPIRES = 'x-amz-meta-expires-at'
const DIGITS = /^[0-9a-f]{64}$/
/** What somebody else put there says nothing of when it expires; it is not ours to remove. */
const NEVER = Date.parse('9999-12-31T23:59:59Z')

/**
 * Blobs in a bucket of S3, or of anything that speaks its language: an object for each, named by its hash, with the time
 * of its expiry beside it. The hash is the signed hash of the body as well, so the server itself refuses damaged bytes.
 * @param keepMs objects that were written or renewed within this time are not asked when they expire: a list does not say,
 *   and one question for each would be slow. A blob that was to be kept for less is removed after this time, then.
 */
export const s3Backend = (place: Place, keepMs: number): Backend => {
  const client = s3Client(place)
  let folder: Promise<string> | null = null
  const keyOf = (digits: string): string => `${place.prefix}${digits.slice(0, 2)}/${digits}`

  const find: Backend['find'] = async (digits) => {
    const answer = await client.send({ method: 'HEAD', key: keyOf(digits) })
    answer?.stream.resume()
    return answer === null ? null : storedOf(digits, answer)
  }

  const backend: Backend = {
    location: `s3://${place.hostname}/${place.bucket}/${place.prefix}`,
    spool: () => {
      folder ??= mkdtemp(join(tmpdir(), 'posthaste-spool-'))
      return folder
    },
    async adopt(path, { digits, size, expiresAt }) {
      const body = { hash: digits, size, open: () => createReadStream(path) }
      const headers = { [EXPIRES]: new Date(expiresAt).toISOString() }
      const answer = await client.send({ method: 'PUT', key: keyOf(digits), headers, body })
      if (answer === null) throw new Error('the bucket does not take objects')
      answer.stream.resume()
    },
    find,
    async renew(blob) {
      const found = await find(blob.digits)
      if (found === null) return false
      if (found.expiresAt >= blob.expiresAt) return true
      const key = keyOf(blob.digits)
      // An object is changed by copying it onto itself.
      const headers = {
        'x-amz-copy-source': `/${place.bucket}/${key}`,
        'x-amz-metadata-directive': 'REPLACE',
        [EXPIRES]: new Date(blob.expiresAt).toISOString(),
      }
      // A copy may fail after its 200 was sent; then the text says so.
      const said = await client.text({ method: 'PUT', key, headers })
      return said !== null && !said.includes('<Error>')
    },
    async read(digits) {
      return (await client.send({ method: 'GET', key: keyOf(digits) }))?.stream ?? null
    },
    async remove(digits) {
      if ((await find(digits)) === null) return false
      ;(await client.send({ method: 'DELETE', key: keyOf(digits) }))?.stream.resume()
      return true
    },
    /** A renewal between the look and the removal is lost here: the store has no step that does both. */
    async expire(digits, now) {
      const found = await find(digits)
      return found !== null && found.expiresAt <= now && backend.remove(digits)
    },
    async *list() {
      let token: string | null = null
      do {
        const query = {
          'list-type': '2',
          ...(place.prefix === '' ? {} : { prefix: place.prefix }),
          ...(token === null ? {} : { 'continuation-token': token }),
        }
        const page: string = (await client.text({ method: 'GET', key: '', query })) ?? ''
        for (const [, entry = ''] of page.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
          const digits = field(entry, 'Key').split('/').at(-1) ?? ''
          if (!DIGITS.test(digits) || field(entry, 'Key') !== keyOf(digits)) continue
          const changed = Date.parse(field(entry, 'LastModified'))
          const isYoung = Date.now() - changed < keepMs
          const stored = isYoung
            ? { digits, size: Number(field(entry, 'Size')), expiresAt: changed + keepMs }
            : await find(digits)
          if (stored !== null) yield stored
        }
        token = field(page, 'IsTruncated') === 'true' ? field(page, 'NextContinuationToken') : null
      } while (token !== null && token !== '')
    },
    async close() {
      client.close()
      const made = await folder
      folder = null
      if (made !== null) await rm(made, { recursive: true, force: true })
    },
  }
  return backend
}

const storedOf = (digits: string, { headers }: S3Answer): Stored => {
  const expiresAt = Date.parse(String(headers[EXPIRES] ?? ''))
  return {
    digits,
    size: Number(headers['content-length'] ?? 0),
    expiresAt: Number.isNaN(expiresAt) ? NEVER : expiresAt,
  }
}

/** The text of an element that has no others in it. */
const field = (xml: string, name: string): string =>
  (new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '')
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
