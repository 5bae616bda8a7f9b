// BullMQ on its PostgreSQL backend, with a connection for every fifth job in flight.
import { createPostgresBackend, runMigrations } from 'bullmq'
import pg from 'pg'
import { bullmqOn } from './bullmq.js'

/** @type {import('../lib/types.js').OpenSystem} */
export const open = async ({ url, onRun }) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await runMigrations(client)
  await client.end()
  const connect = () => ({ connectionString: url, max: 20 })
  return bullmqOn(
    { connect, backend: [createPostgresBackend], addAtOnce: 10_000, close: async () => {} },
    onRun,
  )
}
