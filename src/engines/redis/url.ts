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

export const PREFIX_DEFAULT = 'posthaste'
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

const checkPrefix = (prefix: string): string => {
  if (!PREFIX.test(prefix)) {
    refuse('The prefix must be 1 to 64 letters, digits, dots, colons, underscores or hyphens.')
  }
  return prefix
}

/**
 * Where a client of the user's own finds its server, for people; and which installation is meant there.
 * @throws E_ENGINE_UNKNOWN when this is no client of one Redis
 */
export const addressOfClient = (options: unknown, prefix: string): RedisAddress => {
  // A client of a cluster has a list of nodes and no options of this kind.
  if (typeof options !== 'object' || options === null || !('host' in options)) {
    return refuse(
      'The client of a redis engine must be one of ioredis, for a single Redis or one behind sentinels.',
    )
  }
  const { host, port, db, tls } = options as Readonly<Record<string, unknown>>
  return {
    host: typeof host === 'string' ? host : 'localhost',
    port: typeof port === 'number' ? port : PORT_DEFAULT,
    username: '',
    password: '',
    database: typeof db === 'number' ? db : 0,
    tls: tls !== undefined && tls !== null,
    prefix: checkPrefix(prefix),
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
  const prefix = checkPrefix(searchParams.get('prefix') ?? PREFIX_DEFAULT)
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
