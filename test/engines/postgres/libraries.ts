import { sql as template } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { drizzle as drizzleOnPostgresJs } from 'drizzle-orm/postgres-js'
import knex from 'knex'
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import postgres from 'postgres'

/** Runs a statement of the user's own in the open transaction, in the way of his library. */
type Run = (text: string) => Promise<unknown>

/** A library as its users use it: a transaction is committed when its function returns, and rolled back when it throws. */
export interface Library {
  transaction<T>(work: (tx: object, run: Run) => Promise<T>): Promise<T>
  /** What is no transaction, but looks like one. */
  readonly outside: object
  close(): Promise<unknown>
}

/** Notices would be printed. */
const onnotice = (): void => {}

export const LIBRARIES: Readonly<Record<string, (url: string) => Promise<Library>>> = {
  async pg(url) {
    const pool = new pg.Pool({ connectionString: url, max: 3 })
    return {
      async transaction(work) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          const answer = await work(client, (text) => client.query(text))
          await client.query('commit')
          return answer
        } catch (error) {
          await client.query('rollback')
          throw error
        } finally {
          client.release()
        }
      },
      outside: pool,
      close: () => pool.end(),
    }
  },

  async 'postgres.js'(url) {
    const sql = postgres(url, { max: 3, onnotice })
    return {
      transaction: (work) => sql.begin((tx) => work(tx, (text) => tx.unsafe(text))) as Promise<never>,
      outside: sql,
      close: () => sql.end(),
    }
  },

  async kysely(url) {
    const pool = new pg.Pool({ connectionString: url, max: 3 })
    const db = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) })
    return {
      transaction: (work) =>
        db.transaction().execute((tx) => work(tx, (text) => tx.executeQuery(CompiledQuery.raw(text)))),
      outside: db,
      close: () => db.destroy(),
    }
  },

  async drizzle(url) {
    const pool = new pg.Pool({ connectionString: url, max: 3 })
    const db = drizzle(pool)
    return {
      transaction: (work) => db.transaction((tx) => work(tx, (text) => tx.execute(template.raw(text)))),
      outside: db,
      close: () => pool.end(),
    }
  },

  async 'drizzle on postgres.js'(url) {
    const sql = postgres(url, { max: 3, onnotice })
    const db = drizzleOnPostgresJs(sql)
    return {
      transaction: (work) => db.transaction((tx) => work(tx, (text) => tx.execute(template.raw(text)))),
      outside: db,
      close: () => sql.end(),
    }
  },

  async knex(url) {
    const db = knex({ client: 'pg', connection: url, pool: { min: 0, max: 3 } })
    return {
      transaction: (work) => db.transaction((tx) => work(tx, async (text) => tx.raw(text))),
      outside: db,
      close: () => db.destroy(),
    }
  },

  /** The interface of Prisma's interactive transactions, on a connection of `pg`: Prisma itself needs generated code. */
  async "prisma's interface"(url) {
    const pool = new pg.Pool({ connectionString: url, max: 3 })
    const prisma = (client: pg.Pool | pg.PoolClient) => ({
      $queryRawUnsafe: (text: string, ...values: unknown[]) =>
        client.query(text, values).then(
          ({ rows }) => rows,
          (error: { code: string; message: string }) => {
            const { code, message } = error
            throw Object.assign(new Error('Raw query failed'), { code: 'P2010', meta: { code, message } })
          },
        ),
    })
    return {
      async transaction(work) {
        const client = await pool.connect()
        const tx = prisma(client)
        try {
          await client.query('begin')
          const answer = await work(tx, (text) => tx.$queryRawUnsafe(text))
          await client.query('commit')
          return answer
        } catch (error) {
          await client.query('rollback')
          throw error
        } finally {
          client.release()
        }
      },
      outside: prisma(pool),
      close: () => pool.end(),
    }
  },
}
