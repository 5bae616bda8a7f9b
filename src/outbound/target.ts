import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { PosthasteError } from '../core/errors.ts'
import { maskUrl } from '../core/mask.ts'
import { clip } from '../core/text.ts'
import type { Policy } from './allow.ts'
import { URL_LENGTH_MAX } from './limits.ts'

/** The addresses of a name, as the system or a server of one's own knows them. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

/** A URL with the addresses that were checked: a connection is made to one of these and nowhere else. */
export interface Checked {
  readonly url: URL
  /** Without brackets. */
  readonly hostname: string
  readonly port: number
  readonly addresses: readonly { readonly address: string; readonly family: 4 | 6 }[]
}

/** The system's own way, so that its hosts file and search list count as everywhere. */
export const systemResolve: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address)

/**
 * A URL as it may be called at all, whatever its name resolves to.
 * @param base what it is relative to: a redirect may name only a path
 * @throws E_URL_REFUSED
 */
export const checkUrl = (text: string, base?: URL): URL => {
  if (text.length > URL_LENGTH_MAX) throw refused(text, `it has more than ${URL_LENGTH_MAX} characters`)
  if (!URL.canParse(text, base?.href)) throw refused(text, 'it is no complete URL')
  const url = new URL(text, base)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(text, 'only http and https are possible')
  if (url.username !== '' || url.password !== '') {
    throw refused(text, 'a user or password in a URL is not accepted; send the header Authorization')
  }
  url.hash = ''
  return url
}

/**
 * Resolves the name of a URL, and checks every address that it has: one that is forbidden forbids the name.
 * @throws E_URL_REFUSED, E_REQUEST_FAILED when the name has no address
 */
export const checkTarget = async (url: URL, policy: Policy, resolve: Resolve): Promise<Checked> => {
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  const addresses = isIP(hostname) === 0 ? await addressesOf(hostname, resolve) : [hostname]
  for (const address of addresses) {
    const why = policy({ hostname, port, address })
    if (why !== null) throw refused(url.href, hostname === address ? why : `${clip(hostname, 100)}: ${why}`)
  }
  return {
    url,
    hostname,
    port,
    addresses: addresses.map((address) => ({ address, family: isIP(address) === 6 ? 6 : 4 })),
  }
}

const addressesOf = async (hostname: string, resolve: Resolve): Promise<readonly string[]> => {
  try {
    const addresses = await resolve(hostname)
    if (addresses.length > 0) return addresses
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | null)?.code ?? 'no reason'
    throw new PosthasteError(
      'E_REQUEST_FAILED',
      `The name ${clip(hostname, 100)} cannot be resolved (${code}).`,
      {
        cause: error,
      },
    )
  }
  throw new PosthasteError('E_REQUEST_FAILED', `The name ${clip(hostname, 100)} has no address.`)
}

const refused = (url: string, why: string): PosthasteError =>
  new PosthasteError('E_URL_REFUSED', `${clip(maskUrl(clip(url, 300)), 200)} must not be called: ${why}.`, {
    field: 'url',
  })
