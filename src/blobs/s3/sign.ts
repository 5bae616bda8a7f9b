import { createHash, createHmac } from 'node:crypto'

export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined
}

export interface Unsigned {
  readonly method: string
  /** HOST or HOST:PORT as the header has it. */
  readonly host: string
  /** Encoded, as it is sent. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** Names in lower case. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  /** SHA-256 of the body in hexadecimal. */
  readonly bodyHash: string
}

const SERVICE = 's3'
/** SHA-256 of nothing. */
export const EMPTY_HASH = createHash('sha256').digest('hex')

/** Everything but A-Z a-z 0-9 - . _ ~ as %XX: stricter than encodeURIComponent. */
export const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** The query in the form that is both signed and sent. */
export const queryText = (query: Unsigned['query']): string =>
  Object.entries(query)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&')

/**
 * The headers of a request with AWS Signature Version 4, which S3 and what is alike ask for.
 * @param at epoch ms; servers refuse what is more than 15 minutes off
 */
export const signed = (
  { method, host, path, query, headers: given, bodyHash }: Unsigned,
  { accessKey, secretKey, sessionToken }: Credentials,
  region: string,
  at: number,
): Record<string, string> => {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = time.slice(0, 8)
  const headers: Record<string, string> = {
    ...given,
    host,
    'x-amz-date': time,
    'x-amz-content-sha256': bodyHash,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const names = Object.keys(headers).sort()
  const lines = names.map((name) => `${name}:${headers[name]?.trim().replace(/ +/g, ' ')}\n`).join('')
  const canonical = [method, path, queryText(query), lines, names.join(';'), bodyHash].join('\n')
  const scope = `${day}/${region}/${SERVICE}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [day, region, SERVICE, 'aws4_request'].reduce<string | Buffer>(
    (last, part) => hmac(last, part),
    `AWS4${secretKey}`,
  )
  const signature = hmac(key, toSign).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization }
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text, 'utf8').digest()
