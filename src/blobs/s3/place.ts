import { PosthasteError } from '../../core/errors.ts'
import type { Credentials } from './sign.ts'

/** A bucket, and how it is reached. */
export interface Place {
  readonly isTls: boolean
  readonly hostname: string
  readonly port: number | undefined
  readonly bucket: string
  /** Before every key: '' or 'folder/'. */
  readonly prefix: string
  readonly region: string
  readonly credentials: Credentials
}

/**
 * `s3://[KEY:SECRET@]HOST[:PORT]/BUCKET[/PREFIX]?region=REGION&tls=off`. Credentials that the URL does not have come from
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
 * @throws E_CONFIG, never with a secret in it
 */
export const parsePlace = (text: string, env: Readonly<Record<string, string | undefined>>): Place => {
  // The URL of a scheme that browsers know is taken apart as one expects.
  const given = text.replace(/^s3:/, 'https:')
  if (!URL.canParse(given)) throw wrong('is no s3://HOST/BUCKET')
  const url = new URL(given)
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent)
  if (!/^[a-z\d][a-z\d._-]{1,62}$/i.test(bucket)) throw wrong('names no bucket after the host')
  const folders = rest.filter((part) => part !== '')
  if (folders.some((part) => !/^[\w.-]{1,100}$/.test(part) || part === '.' || part === '..')) {
    throw wrong('has a prefix with other characters than letters, digits, dots, hyphens and underscores')
  }
  const options = new Map(url.searchParams)
  const tls = options.get('tls') ?? 'on'
  const region = options.get('region') ?? env['AWS_REGION'] ?? 'us-east-1'
  for (const name of options.keys())
    if (name !== 'tls' && name !== 'region') throw wrong(`has the option ${name}`)
  if (tls !== 'on' && tls !== 'off') throw wrong('has tls, which is neither on nor off')
  if (!/^[a-z\d-]{1,40}$/.test(region)) throw wrong('has no region such as eu-central-1')
  const fromUrl = url.username !== ''
  const accessKey = fromUrl ? decodeURIComponent(url.username) : env['AWS_ACCESS_KEY_ID']
  const secretKey = fromUrl ? decodeURIComponent(url.password) : env['AWS_SECRET_ACCESS_KEY']
  if (!accessKey || !secretKey) {
    throw wrong(
      'has no credentials: write KEY:SECRET@ before the host, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    )
  }
  return {
    isTls: tls === 'on',
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : Number(url.port),
    bucket,
    prefix: folders.map((part) => `${part}/`).join(''),
    region,
    credentials: { accessKey, secretKey, sessionToken: fromUrl ? undefined : env['AWS_SESSION_TOKEN'] },
  }
}

const wrong = (why: string): PosthasteError =>
  new PosthasteError('E_CONFIG', `The URL of the blob store ${why}.`, { field: 'blobs' })
