import { PosthasteError } from '../../core/errors.ts'

/** Where an installation is, as its URL says. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  /** Empty: none. */
  readonly username: string
  readonly password: string
  readonly database: number
  readonly tls: boolean
  /** Which of the installations in this database. */
  readonly prefix: string
}

const PREFIX_DEFAULT = 'posthaste'
const PORT_DEFAULT = 6379
/** It becomes part of every key; braces would move keys to other slots of a cluster. */
const PREFIX = /^[\w.:-]{1,64}$/

const refuse = (what: string): never => {
  // The URL itself may hold a password: it is never part of a message.
  throw new PosthasteError('E_ENGINE_UNKNOWN', what, { field: 'engine' })
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse('The user or password of the Redis URL has a "%" that escapes nothing; write it as %25.')
  }
}

/**
 * Reads `redis://[[user]:password@]host[:port][/database][?prefix=NAME]`; `rediss:` means TLS.
 * @throws E_ENGINE_UNKNOWN saying what is wrong
 */
export const parseRedisUrl = (url: string): RedisAddress => {
  if (!URL.canParse(url)) {
    return refuse('The Redis URL cannot be read; special characters in a password are written as %XX.')
  }
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url)
  if (hostname === '') refuse('The Redis URL names no host.')
  const database = pathname.slice(1)
  if (!/^\d{0,5}$/.test(database)) refuse('The path of a Redis URL is the number of a database, such as /0.')
  for (const name of searchParams.keys()) {
    if (name !== 'prefix') refuse('The only option of a Redis URL is ?prefix=NAME.')
  }
  const prefix = searchParams.get('prefix') ?? PREFIX_DEFAULT
  if (!PREFIX.test(prefix)) {
    refuse('The prefix must be 1 to 64 letters, digits, dots, colons, underscores or hyphens.')
  }
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? PORT_DEFAULT : Number(port),
    username: decoded(username),
    password: decoded(password),
    database: Number(database),
    tls: protocol === 'rediss:',
    prefix,
  }
}

/** The same without user and password, for people. */
export const shownAddress = ({ host, port, database, tls, prefix }: RedisAddress): string => {
  const name = host.includes(':') ? `[${host}]` : host
  const option = prefix === PREFIX_DEFAULT ? '' : `?prefix=${prefix}`
  return `${tls ? 'rediss' : 'redis'}://${name}:${port}/${database}${option}`
}
