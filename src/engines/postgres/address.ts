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

export const checkSchema = (schema: string): string => {
  const isBad = schema === '' || schema.includes('\0') || Buffer.byteLength(schema) > NAME_BYTES_MAX
  if (isBad || /^pg_/i.test(schema)) {
    throw new PosthasteError(
      'E_ARGUMENT',
      `schema must be a name of 1 to ${NAME_BYTES_MAX} bytes that does not begin with pg_.`,
      { field: 'schema' },
    )
  }
  return schema
}

/**
 * `postgres://user:password@host:port/database?schema=posthaste&pgbouncer=true`; all other parameters (`sslmode`, …) are
 * the driver's. Errors name no part of the URL that could be secret.
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
  url.searchParams.delete('schema')
  url.searchParams.delete('pgbouncer')
  return {
    url: url.href,
    location: locationOf(url, schema),
    schema: checkSchema(schema),
    isPooled: pooled === 'true',
  }
}

const locationOf = ({ protocol, host, pathname }: URL, schema: string): string =>
  `${protocol}//${host}${pathname}${schema === SCHEMA ? '' : `?schema=${encodeURIComponent(schema)}`}`
