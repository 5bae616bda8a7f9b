// Where systems are measured: a folder for SQLite, servers of our own for the others. One that is empty for every
// measurement, and gone afterwards.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { startPostgresServer } from '../../scripts/lib/postgres-server.js'
import { startRedisServer } from '../../scripts/lib/redis-server.js'

/**
 * @typedef {object} Stores
 * @property {string} about  What runs there, and how durable it is.
 * @property {(server: 'usual' | 'synced') => Promise<Omit<import('./types.js').Place, 'prepared'> & { discard: () => Promise<void> }>} fresh
 * @property {() => Promise<void>} stop
 */

const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-bench-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** @returns {Promise<Stores>} */
const sqliteStores = async () => {
  /** @type {Set<() => void>} */
  const removals = new Set()
  return {
    about: `files in ${tmpdir()}`,
    fresh: async () => {
      const { folder, remove } = newFolder()
      removals.add(remove)
      const discard = async () => {
        removals.delete(remove)
        remove()
      }
      return { folder, url: `sqlite:${folder}/jobs.db`, discard }
    },
    stop: async () => {
      for (const remove of removals) remove()
    },
  }
}

/** @returns {Promise<Stores>} */
const postgresStores = async () => {
  const server = await startPostgresServer({
    // Said although they are the defaults: they are what the figures rest on.
    settings: { fsync: 'on', synchronous_commit: 'on' },
  })
  const { folder, remove } = newFolder()
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => {})
  await client.connect()
  let databases = 0
  return {
    about: `${server.version}, its defaults (fsync and synchronous_commit on)`,
    fresh: async () => {
      const name = `bench_${++databases}`
      await client.query(`create database ${name}`)
      // What one measurement left to be written must not be charged to the next.
      await client.query('checkpoint')
      const url = new URL(server.url)
      url.pathname = name
      const discard = async () => {
        await client.query(`drop database ${name} with (force)`)
      }
      return { folder, url: url.href, discard }
    },
    stop: async () => {
      await client.end().catch(() => {})
      await server.stop()
      remove()
    },
  }
}

/** @returns {Promise<Stores>} */
const redisStores = async () => {
  const usual = await startRedisServer()
  const synced = await startRedisServer({ appendonly: 'yes', appendfsync: 'always' }).catch(async (error) => {
    await usual.stop()
    throw error
  })
  const { folder, remove } = newFolder()
  const clients = { usual: new Redis(usual.url), synced: new Redis(synced.url) }
  for (const client of Object.values(clients)) client.on('error', () => {})
  const version = /redis_version:(\S+)/.exec(await clients.usual.info('server'))?.[1]
  return {
    about: `Redis ${version}, without a file (rows named "synced": AOF with appendfsync always)`,
    fresh: async (which) => {
      await clients[which].flushall('SYNC')
      const discard = async () => {
        await clients[which].flushall('SYNC')
      }
      return { folder, url: which === 'usual' ? usual.url : synced.url, discard }
    },
    stop: async () => {
      for (const client of Object.values(clients)) client.disconnect()
      await Promise.all([usual.stop(), synced.stop()])
      remove()
    },
  }
}

/** Starts what an engine needs. Fails, and says what was tried, when its server is missing. */
export const STORES = {
  sqlite: sqliteStores,
  postgres: postgresStores,
  redis: redisStores,
  tasks: sqliteStores,
}
