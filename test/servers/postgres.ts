import { createServer } from 'node:http'
import pg from 'pg'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { type PostgresServer, startPostgresServer } from '../../scripts/lib/postgres-server.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a test file asks for the URL of the run's PostgreSQL. */
    postgresBroker: string
  }
}

/** One server for a whole run, whichever projects it has; started for the first file that asks, stopped at the end. */
interface Shared {
  users: number
  broker: string
  server: Promise<PostgresServer> | undefined
  close: () => Promise<void>
}
const holder = globalThis as { posthastePostgres?: Promise<Shared> }

const openBroker = async (): Promise<Shared> => {
  const shared: Shared = { users: 0, broker: '', server: undefined, close: async () => {} }
  const find = async (): Promise<string> => {
    const given = process.env.TEST_POSTGRES_URL
    if (given !== undefined && given !== '') return given
    shared.server ??= startPostgresServer()
    return (await shared.server).url
  }
  const http = createServer((_, response) => {
    find().then(
      (url) => response.end(url),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  shared.broker = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  shared.close = async () => {
    http.close()
    const server = await shared.server?.catch(() => undefined)
    await server?.stop()
  }
  return shared
}

/** Vitest's global set-up. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  holder.posthastePostgres ??= openBroker()
  const shared = await holder.posthastePostgres
  shared.users++
  project.provide('postgresBroker', shared.broker)
  return async () => {
    if (--shared.users > 0) return
    delete holder.posthastePostgres
    await shared.close()
  }
}

/** The URL of the run's PostgreSQL. Fails, and says how to help, when there is none. */
export const postgresUrl = async (): Promise<string> => {
  const response = await fetch(inject('postgresBroker'))
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}

let connection: Promise<pg.Client> | undefined

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: await postgresUrl() })
  client.on('error', () => {
    connection = undefined
  })
  await client.connect()
  // It ends with the test file.
  ;(client as unknown as { unref(): void }).unref()
  return client
}

/** Runs statements on a connection of the test's own, and answers the rows of the last one. */
export const onPostgres = async (sql: string): Promise<unknown[][]> => {
  connection ??= connect()
  const results = [await (await connection).query({ text: sql, rowMode: 'array' })].flat()
  return results.at(-1)?.rows ?? []
}

let schemas = 0

/** The URL of a schema that nobody else uses, and that does not exist yet. */
export const newSchemaUrl = async (): Promise<string> => {
  const url = await postgresUrl()
  return `${url}${url.includes('?') ? '&' : '?'}schema=test_${process.pid}_${++schemas}`
}

const emptied = new Map<string, string>()

/**
 * The URL of an empty schema that was used before under this name, if it was: to empty one costs a tenth of making one.
 * Whoever used it must have closed it.
 */
export const emptySchemaUrl = async (name: string): Promise<string> => {
  const known = emptied.get(name)
  const url = known ?? (await newSchemaUrl())
  emptied.set(name, url)
  if (known === undefined) return url
  const schema = new URL(known).searchParams.get('schema')
  const tables = await onPostgres(
    `select relname from pg_class where relnamespace = '${schema}'::regnamespace and relkind = 'r'`,
  )
  const wiped = tables
    .map(([table]) => `${table}`)
    .filter((table) => table !== 'migrations' && table !== 'store')
  await onPostgres(
    `${wiped.map((table) => `delete from ${schema}.${table}`).join('; ')}; update ${schema}.store set clock = 0`,
  )
  return url
}

/** Removes the schemas that this process made. */
export const dropSchemas = async (): Promise<void> => {
  emptied.clear()
  for (; schemas > 0; schemas--)
    await onPostgres(`drop schema if exists test_${process.pid}_${schemas} cascade`)
}
