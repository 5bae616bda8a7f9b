import { PosthasteError } from '../../core/errors.ts'
import { reasonOf, sqlStateOf } from './failures.ts'
import { migrate, type Query } from './migrate.ts'
import { inSchema } from './statements.ts'

/** The oldest server whose SQL and locks are those that the statements are written for. */
const VERSION_MIN = 13
const VERSION_NUMBER_MIN = VERSION_MIN * 10_000

/** What was found at opening. */
export interface Facts {
  readonly version: string
  /** Whether a commit survives the end of the operating system. */
  readonly isSynced: boolean
  readonly clock: number
  /** The id of the installation. */
  readonly store: string
}

const LOOK = `select current_setting('server_version_num'), current_setting('server_version'),
  current_setting('server_encoding'), pg_is_in_recovery(), current_setting('fsync'), current_setting('transaction_read_only')`

/** Looks at the server, refuses what cannot work, and brings the schema up to date. */
export const openStore = async (query: Query, schema: string): Promise<Facts> => {
  const [row = []] = await query(LOOK, [])
  const [number, version, encoding, isReplica, fsync, isReadOnly] = row
  if (Number(number) < VERSION_NUMBER_MIN) {
    throw new PosthasteError(
      'E_STORE_VERSION',
      `The server is PostgreSQL ${version}; the oldest that works is ${VERSION_MIN}.`,
    )
  }
  if (encoding !== 'UTF8') {
    const what = `The database has the encoding ${encoding}, in which not every text can be kept; it must be UTF8.`
    throw new PosthasteError('E_STORE_OPEN', what)
  }
  if (isReplica === true || isReplica === 't') {
    throw new PosthasteError('E_STORE_READ_ONLY', 'The server is a replica, which cannot be written.')
  }
  if (isReadOnly === 'on') {
    const what = 'The server lets this user only read (default_transaction_read_only is on).'
    throw new PosthasteError('E_STORE_READ_ONLY', what)
  }
  await migrate(query, schema)
  const [store] = await query(inSchema('select clock, id from posthaste.store', schema), [])
  return {
    version: String(version).split(' ')[0] ?? '',
    isSynced: fsync === 'on',
    clock: Number(store?.[0] ?? 0),
    store: String(store?.[1]),
  }
}

/** The codes of the network, and what they mean to people. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ETIMEDOUT: 'it did not answer',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
  ECONNRESET: 'it hung up',
}

/** Why the store could not be opened, in one line without a secret. */
export const explain = (error: unknown, location: string): PosthasteError => {
  const cause = error instanceof PosthasteError && error.cause !== undefined ? error.cause : error
  if (error instanceof PosthasteError && error.code !== 'E_STORE' && error.code !== 'E_STORE_TIMEOUT')
    return error
  const what = (reason: string) => new PosthasteError('E_STORE_OPEN', reason, { cause })
  const state = sqlStateOf(cause)
  const code = (cause as { readonly code?: unknown } | undefined)?.code
  const network = typeof code === 'string' ? NETWORK[code] : undefined
  if (network !== undefined) return what(`${location} cannot be reached: ${network}.`)
  if (state === '28P01') return what(`${location} refused the user: the password is wrong.`)
  if (state === '28000') return what(`${location} refused the user: ${reasonOf(cause)}.`)
  if (state === '3D000') return what(`${location}: there is no such database.`)
  if (/password must be a/.test(reasonOf(cause)))
    return what(`${location} asks for a password, and there is none in the URL.`)
  if (error instanceof PosthasteError && error.code === 'E_STORE_TIMEOUT') {
    return what(`${location} cannot be reached: it did not answer in time.`)
  }
  return what(`${location} cannot be opened: ${reasonOf(cause)}.`)
}
