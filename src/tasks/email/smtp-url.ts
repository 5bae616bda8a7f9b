import { isIP } from 'node:net'

/**
 * How a connection is protected.
 * - implicit: TLS from the first byte (`smtps://`).
 * - required: STARTTLS, and no mail when the server does not offer it.
 * - off: plain text; the default on this machine, elsewhere only when the URL asks for it (`?tls=off`).
 */
export type TlsMode = 'implicit' | 'required' | 'off'

export interface SmtpServer {
  readonly host: string
  readonly port: number
  readonly tls: TlsMode
  readonly user?: string
  readonly password?: string
}

/** Where mail goes: to a server, or into the capture mailbox. */
export type MailTarget = { readonly kind: 'smtp'; readonly server: SmtpServer } | { readonly kind: 'capture' }

/** What is wrong with a URL. The message never contains the URL's credentials. */
export class SmtpUrlError extends Error {
  override readonly name = 'SmtpUrlError'
}

/** Submission with STARTTLS, and submission with implicit TLS (RFC 8314). */
const DEFAULT_PORT = { 'smtp:': 587, 'smtps:': 465 } as const

/**
 * Reads SMTP_URL: `smtp://user:password@host:587`, `smtps://…`, `capture://`, or nothing, which captures.
 * User name and password are percent-decoded: write `@` as `%40`, `:` as `%3A`, `/` as `%2F`.
 * @throws SmtpUrlError
 */
export function parseSmtpUrl(text: string | undefined): MailTarget {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '') return { kind: 'capture' }
  const url = readUrl(trimmed)
  if (url.protocol === 'capture:') return { kind: 'capture' }
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') {
    throw new SmtpUrlError(
      `"${url.protocol}//" is not a scheme of a mail server: smtp://, smtps:// or capture://`,
    )
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (host === '' || !/^[a-z0-9._:-]+$/.test(host)) throw new SmtpUrlError('it names no mail server')
  if ((url.pathname !== '' && url.pathname !== '/') || url.hash !== '') {
    throw new SmtpUrlError(
      'it has a path; write special characters of the password as %-codes ("/" as %2F, "#" as %23)',
    )
  }
  const user = decode(url.username)
  const password = decode(url.password)
  if (user !== '' && password === '') throw new SmtpUrlError('it has a user name but no password')
  if (user === '' && password !== '') throw new SmtpUrlError('it has a password but no user name')
  return {
    kind: 'smtp',
    server: {
      host,
      port: url.port === '' ? DEFAULT_PORT[url.protocol] : Number(url.port),
      tls: tlsMode(url.protocol === 'smtps:', host, url.searchParams),
      ...(user !== '' && { user, password }),
    },
  }
}

function tlsMode(implicit: boolean, host: string, parameters: URLSearchParams): TlsMode {
  for (const key of parameters.keys()) {
    if (key !== 'tls') throw new SmtpUrlError(`"${key}" is not a known parameter; there is only tls`)
  }
  const wanted = parameters.get('tls')
  if (implicit) {
    if (wanted !== null && wanted !== 'implicit')
      throw new SmtpUrlError(`smtps:// and tls=${wanted} contradict`)
    return 'implicit'
  }
  if (wanted === null) return isLoopbackHost(host) ? 'off' : 'required'
  if (wanted === 'required' || wanted === 'off' || wanted === 'implicit') return wanted
  throw new SmtpUrlError('tls must be required, implicit or off')
}

/** Whether a host is this machine by its very name; no lookup, because a name server is not to be trusted with this. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  if (isIP(name) === 4) return name.startsWith('127.')
  return name === '::1' || name === 'localhost' || name.endsWith('.localhost')
}

function readUrl(text: string): URL {
  try {
    return new URL(text)
  } catch {
    throw new SmtpUrlError(
      'it is not a URL such as smtp://user:password@mail.example.com:587; special characters of the password are written as %-codes',
    )
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new SmtpUrlError('its user name or password has a "%" that is no %-code; write it as %25')
  }
}

/**
 * A URL fit for logs and messages: scheme, host and port, with the user name and the password masked. Works on what is
 * no valid URL as well, because such a text is exactly what ends up in an error message.
 */
export function maskUrl(text: string): string {
  return text.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)(.*)$/s, (_, scheme: string, rest: string) => {
    const at = rest.lastIndexOf('@')
    return at < 0 ? scheme + rest : `${scheme}***@${rest.slice(at + 1)}`
  })
}

/** The server as people know it, without credentials. */
export const serverName = ({ host, port }: SmtpServer): string =>
  `${isIP(host) === 6 ? `[${host}]` : host}:${port}`

/**
 * Removes secrets from text that came from elsewhere: a server may repeat what it was sent, as it is or in base64.
 */
export function maskSecrets(text: string, { user, password }: Pick<SmtpServer, 'user' | 'password'>): string {
  if (password === undefined || password === '') return text
  const base64 = (value: string) => Buffer.from(value, 'utf8').toString('base64')
  const forms = [
    base64(`\0${user ?? ''}\0${password}`),
    base64(password),
    encodeURIComponent(password),
    password,
  ]
  return forms.reduce((masked, form) => masked.replaceAll(form, '***'), text)
}
