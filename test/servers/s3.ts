import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a look-alike of S3 knows of an object. */
export interface S3Object {
  bytes: Buffer
  metadata: Record<string, string>
  changedAt: number
}

export interface S3Server {
  readonly port: number
  /** By key, within the one bucket. */
  readonly objects: Map<string, S3Object>
  /** `METHOD key`, in order. */
  readonly requests: string[]
  /** Answers the next requests with this status instead. */
  fail(status: number, times: number): void
  close(): Promise<void>
}

export const S3_KEYS = { accessKey: 'AKIDEXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
export const S3_BUCKET = 'bucket'
/** Objects on one page of a list: few, so that lists have several. */
const PAGE = 3

/**
 * The part of S3 that a blob store needs, on a loopback port: put, get, head, delete, copy onto itself and list. It checks
 * every signature and every hash of a body by itself, as the real one does.
 */
export const s3Server = async (): Promise<S3Server> => {
  const objects = new Map<string, S3Object>()
  const requests: string[] = []
  let failing = { status: 0, times: 0 }
  const server = createServer(async (request, response) => {
    const body = await bytesOf(request)
    const url = new URL(request.url ?? '/', 'http://s3')
    const key = decodeURIComponent(url.pathname).slice(`/${S3_BUCKET}/`.length)
    requests.push(`${request.method} ${key}`)
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { 'content-type': 'application/xml' })
      response.end(
        `<?xml version="1.0"?><Error><Code>${code}</Code><Message>Canary of a message</Message></Error>`,
      )
    }
    if (failing.times > 0) {
      failing.times -= 1
      return refuse(failing.status, 'SlowDown')
    }
    if (!url.pathname.startsWith(`/${S3_BUCKET}`)) return refuse(404, 'NoSuchBucket')
    if (hex(body) !== request.headers['x-amz-content-sha256']) return refuse(400, 'XAmzContentSHA256Mismatch')
    if (!isSigned(request, url)) return refuse(403, 'SignatureDoesNotMatch')
    if (url.searchParams.get('list-type') === '2') return list(objects, url, response)
    return answer({ request, response, objects, key, body, refuse })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    objects,
    requests,
    fail(status, times) {
      failing = { status, times }
    },
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const answer = ({
  request,
  response,
  objects,
  key,
  body,
  refuse,
}: {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly objects: Map<string, S3Object>
  readonly key: string
  readonly body: Buffer
  readonly refuse: (status: number, code: string) => void
}): void => {
  const known = objects.get(key)
  if (request.method === 'PUT') {
    const source = request.headers['x-amz-copy-source']
    const bytes =
      source === undefined ? body : objects.get(String(source).split('/').slice(2).join('/'))?.bytes
    if (bytes === undefined) {
      refuse(404, 'NoSuchKey')
      return
    }
    const metadata = Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-meta-'))
    objects.set(key, { bytes, metadata: Object.fromEntries(metadata) as never, changedAt: Date.now() })
    response.end(source === undefined ? '' : '<CopyObjectResult></CopyObjectResult>')
  } else if (request.method === 'DELETE') {
    objects.delete(key)
    response.writeHead(204).end()
  } else if (known === undefined) refuse(404, 'NoSuchKey')
  else {
    response.writeHead(200, { ...known.metadata, 'content-length': known.bytes.length })
    response.end(request.method === 'HEAD' ? undefined : known.bytes)
  }
}

const list = (objects: Map<string, S3Object>, url: URL, response: ServerResponse): void => {
  const prefix = url.searchParams.get('prefix') ?? ''
  const after = url.searchParams.get('continuation-token') ?? ''
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
  const page = keys.slice(0, PAGE)
  const contents = page.map((key) => {
    const { bytes, changedAt } = objects.get(key) as S3Object
    const changed = new Date(changedAt).toISOString()
    return `<Contents><Key>${key.replaceAll('&', '&amp;')}</Key><LastModified>${changed}</LastModified><Size>${bytes.length}</Size></Contents>`
  })
  const isCut = keys.length > PAGE
  const token = isCut ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  response.end(
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isCut}</IsTruncated>${token}${contents.join('')}</ListBucketResult>`,
  )
}

/** Written from the description of the protocol, apart from what signs. */
const isSigned = ({ method, headers }: IncomingMessage, url: URL): boolean => {
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  const [, accessKey, day = '', region = '', names = '', signature] = parts ?? []
  const time = String(headers['x-amz-date'])
  if (accessKey !== S3_KEYS.accessKey || !time.startsWith(day)) return false
  const sent = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'))
  if (sent.some((name) => !names.split(';').includes(name))) return false
  const at = Date.parse(time.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(Date.now() - at) < 15 * 60_000)) return false
  const query = [...url.searchParams].map((pair) => pair.map(encodeURIComponent).join('=')).sort()
  const lines = names.split(';').map((name) => `${name}:${headers[name]}`)
  const canonical = [
    method,
    url.pathname,
    query.join('&'),
    ...lines,
    '',
    names,
    headers['x-amz-content-sha256'],
  ]
  const scope = [day, region, 's3', 'aws4_request']
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), hex(Buffer.from(canonical.join('\n')))].join('\n')
  let key = Buffer.from(`AWS4${S3_KEYS.secretKey}`)
  for (const part of [...scope, text]) key = createHmac('sha256', key).update(part).digest()
  return key.toString('hex') === signature
}

const hex = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const bytesOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
