import { PosthasteError } from '../../core/errors.ts'

export const SCHEMA = 'posthaste'

/** PostgreSQL cuts longer names, silently. */
const NAME_BYTES_MAX = 63

export interface Address {
  /** What the driver is given: the URL without our own parameters. */
  readonly url: string
  /** Where it is, without user, password and parameters. */
  readonly location: string
  readonly schema: string
  /** Behind a pooler that gives a connection away after each transaction. */
  readonly isPooled: boolean
}

const refuse = (what: string): never => {
  throw new PosthasteError('E_ENGINE_UNKNOWN', what, { field: 'engine' })
}

const SCHEMA_RULE = `schema must be a name of 1 to ${NAME_BYTES_MAX} bytes that does not begin with pg_.`

const isSchema = (name: string): boolean =>
  name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= NAME_BYTES_MAX && !/^pg_/i.test(name)

export const checkSchema = (schema: string): string => {
  if (!isSchema(schema)) throw new PosthasteError('E_ARGUMENT', SCHEMA_RULE, { field: 'schema' })
  return schema
}

/** Ours, those that the driver acts on, and those that hosts put into the URLs that they hand out. */
const OPTIONS: ReadonlySet<string> = new Set([
  ...['schema', 'pgbouncer'],
  ...['host', 'ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'uselibpqcompat'],
  ...['application_name', 'client_encoding', 'options', 'statement_timeout', 'lock_timeout'],
  ...['channel_binding', 'connect_timeout', 'gssencmode', 'target_session_attrs'],
])

/**
 * `postgres://user:password@host:port/database?schema=posthaste&pgbouncer=true`; all other parameters (`sslmode`, …) are
 * the driver's. One that nobody knows is refused: it may be ours, misspelt, and would lead to another schema. Errors name
 * no part of the URL that could be secret, and after a "?" in a password anything could be.
 */
export const parseAddress = (given: string): Address => {
  if (!URL.canParse(given)) {
    refuse(
      'The URL of the PostgreSQL database is not valid: special characters in user and password are written as %XX.',
    )
  }
  const url = new URL(given)
  const schema = url.searchParams.get('schema') ?? SCHEMA
  const pooled = url.searchParams.get('pgbouncer') ?? 'false'
  if (!['true', 'false'].includes(pooled))
    refuse('The parameter pgbouncer of the URL is either true or false.')
  if (!isSchema(schema)) refuse(`In the URL of the PostgreSQL database, ${SCHEMA_RULE}`)
  if ([...url.searchParams.keys()].some((name) => !OPTIONS.has(name)))
    refuse(
      'The URL of the PostgreSQL database has an unknown option: there are schema, pgbouncer, sslmode, application_name ….',
    )
  url.searchParams.delete('schema')
  url.searchParams.delete('pgbouncer')
  return {
    url: url.href,
    location: locationOf(url, schema),
    schema,
    isPooled: pooled === 'true',
  }
}

const locationOf = ({ protocol, host, pathname }: URL, schema: string): string =>
  `${protocol}//${host}${pathname}${schema === SCHEMA ? '' : `?schema=${encodeURIComponent(schema)}`}`
