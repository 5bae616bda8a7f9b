import { PosthasteError } from '../../core/errors.ts'
import type { CallerTransaction, PgValue } from './driver.ts'
import { reasonOf, sqlStateOf } from './failures.ts'

/**
 * The transactions of other libraries, as what runs a statement in them. They are told apart by the members that each
 * of them has for statements of the caller's own, so nobody has to wrap what he has, and none is a dependency.
 */

type Answer = Promise<unknown>

/** `pg` (Client, PoolClient), and whatever has the same method: TypeORM's query runner, pg-promise's task. */
interface Pg {
  query(text: string, values: PgValue[]): Answer
}
/** postgres.js: what `sql.begin` hands out. */
interface PostgresJs {
  unsafe(text: string, values: PgValue[]): Answer
}
interface Kysely {
  executeQuery(query: object): Answer
}
interface Drizzle {
  execute(query: object): Answer
}
interface Knex {
  raw(text: string, values: PgValue[]): Answer
}
interface Prisma {
  $queryRawUnsafe(text: string, ...values: PgValue[]): Answer
}

interface Library {
  readonly fits: (tx: object) => boolean
  readonly run: (tx: never, text: string, values: PgValue[]) => Answer
}

const has = (tx: object, member: string): boolean =>
  typeof (tx as Readonly<Record<string, unknown>>)[member] === 'function'

/** By this mark Drizzle's classes know each other. */
const DRIZZLE = Symbol.for('drizzle:entityKind')

/** The first that fits. What has a method with a name that anyone might choose comes last. */
const LIBRARIES: readonly Library[] = [
  {
    fits: (tx) => has(tx, '$queryRawUnsafe'),
    run: (tx: Prisma, text, values) => tx.$queryRawUnsafe(text, ...values),
  },
  {
    fits: (tx) => has(tx, 'executeQuery'),
    run: (tx: Kysely, text, values) =>
      tx.executeQuery({
        sql: text,
        parameters: values,
        query: { kind: 'RawNode', sqlFragments: [text], parameters: [] },
        queryId: { queryId: 'posthaste' },
      }),
  },
  {
    fits: (tx) => has(tx, 'execute') && DRIZZLE in tx.constructor,
    run: (tx: Drizzle, text, values) => {
      const query = { toQuery: () => ({ sql: text, params: values }), getSQL: () => query }
      return tx.execute(query)
    },
  },
  {
    fits: (tx) => typeof tx === 'function' && has(tx, 'raw'),
    run: (tx: Knex, text, values) => tx.raw(...withQuestionMarks(text, values)),
  },
  {
    fits: (tx) => typeof tx === 'function' && has(tx, 'unsafe'),
    run: (tx: PostgresJs, text, values) => tx.unsafe(text, values),
  },
  {
    fits: (tx) => has(tx, 'query'),
    run: (tx: Pg, text, values) => tx.query(text, values),
  },
]

/** Knex knows parameters by their order alone. */
const withQuestionMarks = (text: string, values: readonly PgValue[]): [string, PgValue[]] => {
  const inOrder: PgValue[] = []
  const marked = text.replaceAll('?', '\\?').replaceAll(/\$(\d+)/g, (_, number: string) => {
    inOrder.push(values[Number(number) - 1] ?? null)
    return '?'
  })
  return [marked, inOrder]
}

/** Libraries wrap what the server said, some together with the statement and its values, which must not get into logs. */
const unwrapped = (thrown: unknown): unknown => {
  for (let error = thrown as { cause?: unknown; meta?: unknown } | undefined; error; ) {
    // Prisma has codes of its own that look like those of the server.
    const said = error.meta === undefined ? error : error.meta
    const state = sqlStateOf(said)
    if (state !== undefined) return Object.assign(new Error(lastPart(reasonOf(said))), { code: state })
    error = error.cause as typeof error
  }
  return thrown
}

/** Knex: `select … - what the server said`. */
const lastPart = (message: string): string =>
  /^(select|savepoint|release|rollback)\b/.test(message) ? (message.split(' - ').at(-1) ?? '') : message

/** What runs statements in the caller's transaction. @throws E_ARGUMENT when nothing is known that would */
export const asTransaction = (tx: unknown): CallerTransaction => {
  const isObject = (typeof tx === 'object' && tx !== null) || typeof tx === 'function'
  const library = isObject ? LIBRARIES.find(({ fits }) => fits(tx)) : undefined
  if (library === undefined) {
    const what =
      'tx must be the open transaction of pg, postgres.js, kysely, drizzle, knex or prisma, or an object with query(text, values).'
    throw new PosthasteError('E_ARGUMENT', what, { field: 'tx' })
  }
  return {
    async query(text, values) {
      let result: unknown
      try {
        result = await library.run(tx as never, text, values)
      } catch (error) {
        throw unwrapped(error)
      }
      const rows = Array.isArray(result) ? result : (result as { readonly rows?: unknown } | undefined)?.rows
      return { rows: Array.isArray(rows) ? rows : [] }
    },
  }
}

const NO_TRANSACTION = '25P01'
const ABORTED = '25P02'
/** Another transaction was in the way; only a new one can get past it. */
const IN_THE_WAY = new Set(['40001', '40P01'])
const WAITED_TOO_LONG = '55P03'
/** No such schema, table, column or function; or another installation. */
const ELSEWHERE = new Set(['3F000', '42P01', '42703', '42883', 'PH002'])
const NOT_ALLOWED = '42501'

/** What a failure in the caller's transaction means, where it means something particular there. */
export const explainCaller = (error: unknown, schema: string): unknown => {
  const told = (...[code, what]: ConstructorParameters<typeof PosthasteError>) =>
    new PosthasteError(code, what, { field: 'tx', cause: error })
  if (error instanceof PosthasteError) return error
  const state = sqlStateOf(error)
  if (state === undefined)
    return told('E_TX_ABORTED', `The transaction in tx cannot be used: ${reasonOf(error)}.`)
  if (state === NO_TRANSACTION) {
    return told(
      'E_ARGUMENT',
      'tx has no transaction open: give what the transaction runs on, not a pool or the database object.',
    )
  }
  if (state === ABORTED) return told('E_TX_ABORTED')
  if (IN_THE_WAY.has(state)) {
    return told('E_TX_ABORTED', `Another transaction was in the way of the one in tx: ${reasonOf(error)}.`)
  }
  if (state === WAITED_TOO_LONG) {
    const what =
      'A transaction that is still open adds a job with the same key (or id), and did not end in time.'
    return told('E_STORE_BUSY', what)
  }
  if (ELSEWHERE.has(state)) {
    const what = `The transaction in tx is on a database that is not this installation's: its schema "${schema}" is missing there, or another one (${reasonOf(error)}).`
    return told('E_TX_ELSEWHERE', what)
  }
  if (state === NOT_ALLOWED) {
    return told(
      'E_STORE_READ_ONLY',
      `The user of the transaction in tx may not add jobs: ${reasonOf(error)}.`,
    )
  }
  return error
}
