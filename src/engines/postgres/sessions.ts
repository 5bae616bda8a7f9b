import { isPosthasteError, PosthasteError } from '../../core/errors.ts'
import { asTransaction, explainCaller } from './callers.ts'
import type { StoreClock } from './clock.ts'
import {
  asRows,
  type CallerTransaction,
  type PgClient,
  type PgPool,
  type PgRow,
  type PgValue,
  rowsOf,
} from './driver.ts'
import { isConnectionLost, isReadOnly, isWorthAnotherTry, toStoreError } from './failures.ts'
import { CallerSession, Session, type Tx } from './session.ts'
import type { StatementName, Statements } from './statements.ts'

/** How often a call is begun anew because other transactions were in its way. */
const ATTEMPTS_MAX = 20
const AGAIN_MAX_MS = 20
/** A replica that is about to take over needs a moment, and maybe another connection leads to what took over. */
const READ_ONLY_ATTEMPTS_MAX = 3
const READ_ONLY_AGAIN_MS = 500

/** The server gives a statement up a little before the caller does, to say why. */
const STATEMENT_SHARE = 0.9
/**
 * A transaction in which nothing happens is that of a process that hangs, or whose machine is gone. Its locks stand in
 * the way of those who rescue its jobs: they must be gone before its leases are.
 */
const IDLE_IN_TRANSACTION_MS = 3_000

export interface SessionsOptions {
  readonly pool: PgPool
  /**
   * Whether connections are ours alone, from end to end: then they are set up once. Otherwise, with a pool of the
   * user's own or behind a pooler, every transaction sets itself up.
   */
  readonly areOurs: boolean
  /** Whether the server may keep statements prepared under names. */
  readonly isPrepared: boolean
  readonly statements: Statements
  readonly schema: string
  readonly clock: StoreClock
  readonly callTimeoutMs: number
}

/**
 * What our transactions ask of the server. Every statement is made for its index and for nested loops; a plan that
 * reads or sorts a whole table is chosen only because statistics are old or missing, so such plans are ruled out.
 */
const settings = (callTimeoutMs: number): readonly (readonly [name: string, value: string])[] => [
  ['statement_timeout', `${Math.ceil(callTimeoutMs * STATEMENT_SHARE)}`],
  ['idle_in_transaction_session_timeout', `${IDLE_IN_TRANSACTION_MS}`],
  ['synchronous_commit', 'on'],
  ['enable_seqscan', 'off'],
  ['enable_mergejoin', 'off'],
  ['jit', 'off'],
  ['plan_cache_mode', 'force_generic_plan'],
  ['client_min_messages', 'error'],
]

/** What sets a connection up, or (`local`) a transaction. */
export const setUp = (callTimeoutMs: number, local: boolean): string =>
  settings(callTimeoutMs)
    .map(([name, value]) => `set ${local ? 'local ' : ''}${name} = '${value}'`)
    .join('; ')

/** How often a call is tried after such an error, and how long it is waited for at most in between. */
const patienceFor = (error: unknown): readonly [attempts: number, pauseMs: number] => {
  if (isWorthAnotherTry(error)) return [ATTEMPTS_MAX, AGAIN_MAX_MS]
  return isReadOnly(error) ? [READ_ONLY_ATTEMPTS_MAX, READ_ONLY_AGAIN_MS] : [1, 0]
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export interface TransactionOptions {
  /** Completes "The PostgreSQL store failed while …". */
  readonly doing: string
  readonly mode?: 'write' | 'read'
  /** Monotonic. Default: callTimeoutMs from now. */
  readonly deadline?: number
}
export interface SingleOptions {
  /** Monotonic. Default: callTimeoutMs from now. */
  readonly deadline?: number
  /**
   * Whether others of this kind may be sent on the same connection before this one is answered: they are carried out
   * one after the other, in the order in which they were called. Heeded where `mayShare`.
   */
  readonly isShared?: boolean
  /** A hint to send behind it; only where `mayShare`. */
  readonly notice?: readonly [channel: string, message: string] | null
}

interface Acquired {
  readonly client: PgClient
  release(isBroken?: boolean): void
}
const alone = (client: PgClient): Acquired => ({ client, release: (isBroken) => client.release(isBroken) })

/** A connection that several calls have at once. */
interface Shared {
  readonly connecting: Promise<PgClient>
  users: number
  isBroken: boolean
}

/** Connections from a pool, transactions on them, and what to do when these fail. */
export class Sessions {
  private readonly options: SessionsOptions
  private readonly known = new WeakSet<PgClient>()
  private shared: Shared | undefined
  /** The last call for each transaction of a caller. */
  private readonly callers = new WeakMap<object, Promise<unknown>>()

  constructor(options: SessionsOptions) {
    this.options = options
  }

  /** Whether statements may be sent behind others that are transactions by themselves. */
  get mayShare(): boolean {
    return this.options.areOurs
  }

  /** One statement that is a transaction by itself. */
  async single(
    doing: string,
    name: StatementName,
    values: (at: Tx['at']) => PgValue[],
    { deadline, isShared = false, notice = null }: SingleOptions = {},
  ): Promise<PgRow[]> {
    const options = {
      doing,
      isShared: isShared && this.mayShare,
      ...(deadline === undefined ? {} : { deadline }),
    }
    return this.attempts(options, this.options.areOurs ? null : 'begin', (session) => {
      const running = session.run(name, ...values(session.at))
      if (notice !== null) session.trail('notify', ...notice)
      return running
    })
  }

  /**
   * A transaction. When others were in its way, it is taken back and `work` begun anew; it must not have left anything
   * behind but what it answers. Errors: E_STORE…
   */
  transaction<T>(options: TransactionOptions, work: (tx: Tx) => Promise<T>): Promise<T> {
    const begin = options.mode === 'read' ? 'begin isolation level repeatable read read only' : 'begin'
    return this.attempts(options, begin, work)
  }

  /**
   * The same within a transaction that the caller has open and will end, one way or the other. Calls for the same
   * transaction are carried out one after the other. `work` is told how long it may wait for other transactions.
   * Errors: E_TX…, E_STORE…
   */
  within<T>(tx: unknown, doing: string, work: (tx: Tx, patienceMs: number) => Promise<T>): Promise<T> {
    const caller = asTransaction(tx)
    const before = this.callers.get(tx as object) ?? Promise.resolve()
    const done = before.then(() => this.withinNow(caller, doing, work))
    this.callers.set(
      tx as object,
      done.catch(() => {}),
    )
    return done
  }

  /** Runs statements that are no part of the engine's own: migrations, and what looks at the server. */
  async raw<T>(
    doing: string,
    work: (query: (text: string, values?: PgValue[]) => Promise<PgRow[]>) => Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + this.options.callTimeoutMs
    const client = await this.acquire(deadline, doing)
    let isLost = true
    try {
      const answer = await this.inTime(deadline, async () =>
        work(async (text, values) =>
          rowsOf(
            await client.query(values === undefined ? { text, rowMode: 'array' } : asRows({ text, values })),
          ),
        ),
      )
      isLost = false
      return answer
    } catch (error) {
      isLost = isConnectionLost(error)
      throw error
    } finally {
      client.release(isLost)
    }
  }

  private async withinNow<T>(
    caller: CallerTransaction,
    doing: string,
    work: (tx: Tx, patienceMs: number) => Promise<T>,
  ): Promise<T> {
    const { statements, clock, callTimeoutMs, schema } = this.options
    const session = new CallerSession(caller, statements, clock.parameters())
    try {
      return await this.inTime(performance.now() + callTimeoutMs, async () => {
        await session.begin()
        const answer = await work(session, Math.ceil(callTimeoutMs * STATEMENT_SHARE))
        await session.end()
        return answer
      })
    } catch (error) {
      const isLate = isPosthasteError(error, 'E_STORE_TIMEOUT')
      if (!isLate && !isConnectionLost(error)) await session.rollback().catch(() => {})
      throw toStoreError(explainCaller(error, schema), doing)
    }
  }

  private async attempts<T>(
    {
      doing,
      deadline = performance.now() + this.options.callTimeoutMs,
      isShared = false,
    }: TransactionOptions & Pick<SingleOptions, 'isShared'>,
    begin: string | null,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt({ deadline, doing, isShared }, begin, work)
      } catch (error) {
        const [attempts, pauseMs] = patienceFor(error)
        const waitMs = pauseMs * Math.random()
        if (attempt >= attempts || performance.now() + waitMs > deadline) throw toStoreError(error, doing)
        await pause(waitMs)
      }
    }
  }

  private async attempt<T>(
    { deadline, doing, isShared }: { deadline: number; doing: string; isShared: boolean },
    begin: string | null,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const { areOurs, isPrepared, statements, clock, callTimeoutMs } = this.options
    const { client, release } = await (isShared
      ? this.acquireShared(deadline, doing)
      : this.acquire(deadline, doing).then(alone))
    const session = new Session({
      client,
      statements,
      isPrepared,
      begin: begin === null || areOurs ? begin : `${begin}; ${setUp(callTimeoutMs, true)}`,
      at: clock.parameters(),
    })
    try {
      const answer = await this.inTime(deadline, async () => {
        const made = await work(session)
        await session.commit()
        return made
      })
      if (session.trailing === undefined) release()
      else void session.trailing.then(() => release())
      return answer
    } catch (thrown) {
      const error = session.failure ?? thrown
      await this.giveBack(release, session, error)
      throw error
    }
  }

  /** After a failure a connection is used again only when it could take back what was begun. */
  private async giveBack(release: Acquired['release'], session: Session, error: unknown): Promise<void> {
    const isLate = error instanceof PosthasteError && error.code === 'E_STORE_TIMEOUT'
    if (isLate || isConnectionLost(error)) return release(true)
    try {
      await this.inTime(performance.now() + this.options.callTimeoutMs, () => session.rollback())
      release()
    } catch {
      release(true)
    }
  }

  /** The connection that calls share, for as long as there are any. */
  private async acquireShared(deadline: number, doing: string): Promise<Acquired> {
    this.shared ??= { connecting: this.acquire(deadline, doing), users: 0, isBroken: false }
    const { shared } = this
    shared.users++
    const leave = (isBroken: boolean): void => {
      shared.users--
      shared.isBroken ||= isBroken
      if ((shared.users === 0 || shared.isBroken) && this.shared === shared) this.shared = undefined
    }
    try {
      const client = await shared.connecting
      const release = (isBroken = false): void => {
        leave(isBroken)
        if (shared.users === 0) client.release(shared.isBroken)
      }
      return { client, release }
    } catch (error) {
      leave(true)
      throw error
    }
  }

  private async acquire(deadline: number, doing: string): Promise<PgClient> {
    const { pool, areOurs, callTimeoutMs } = this.options
    const connecting = pool.connect()
    let client: PgClient
    try {
      client = await this.inTime(deadline, () => connecting)
    } catch (error) {
      connecting.then(
        (late) => late.release(),
        () => {},
      )
      throw toStoreError(error, doing)
    }
    if (this.known.has(client)) return client
    try {
      // A connection that breaks while it is ours tells so in the answers, too.
      client.on?.('error', () => {})
      if (areOurs) await this.inTime(deadline, () => client.query({ text: setUp(callTimeoutMs, false) }))
      this.known.add(client)
      return client
    } catch (error) {
      client.release(true)
      throw toStoreError(error, doing)
    }
  }

  private async inTime<T>(deadline: number, work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const what = `The store did not answer within ${this.options.callTimeoutMs} ms.`
      const left = Math.max(0, deadline - performance.now())
      timer = setTimeout(() => reject(new PosthasteError('E_STORE_TIMEOUT', what)), left)
      timer.unref()
    })
    const working = work()
    working.catch(() => {})
    try {
      return await Promise.race([working, late])
    } finally {
      clearTimeout(timer)
    }
  }
}
