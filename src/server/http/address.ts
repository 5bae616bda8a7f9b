import { isIP } from 'node:net'
import { type Address, formatAddress } from '../../core/config.ts'
import { PosthasteError } from '../../core/errors.ts'

/** Stand for all addresses of the machine. */
const EVERY_INTERFACE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

export const isEveryInterface = (host: string): boolean => EVERY_INTERFACE.has(host)

/** Whether only this machine can reach the host. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** 'http://127.0.0.1:8080', to be opened by a person: an address for every interface is shown as loopback. */
export const baseUrl = ({ host, port }: Address): string => {
  const shown = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${formatAddress({ host: shown, port })}`
}

/**
 * An address that others can reach needs a token and the word of the operator that plain HTTP is meant: there is no
 * TLS here, so a proxy in front has to do it.
 * @throws E_BIND
 */
export const checkBind = (
  address: Address,
  options: { readonly token: string | null; readonly insecureHttp: boolean },
): void => {
  if (isLoopback(address.host)) return
  const missing = [
    ...(options.token === null ? ['POSTHASTE_TOKEN is not set'] : []),
    ...(options.insecureHttp ? [] : ['--insecure-http is not given']),
  ]
  if (missing.length === 0) return
  throw new PosthasteError(
    'E_BIND',
    `${formatAddress(address)} can be reached by other machines, and ${missing.join(' and ')}.`,
    { field: 'addr' },
  )
}
