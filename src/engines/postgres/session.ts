import { asRows, type CallerTransaction, type PgClient, type PgRow, type PgValue, rowsOf } from './driver.ts'
import type { StatementName, Statements } from './statements.ts'

/** A transaction under way: what an operation is given to work with. */
export interface Tx {
  /**
   * Runs a statement. Several may be sent before the first is answered: they are carried out in order, and when one
   * fails, so do those behind it and the whole transaction.
   */
  run(name: StatementName, ...values: PgValue[]): Promise<PgRow[]>
  /** Ends the transaction; may be sent behind its last statements. Without it, it is ended after the operation. */
  commit(): Promise<void>
  /** The parameters of the clock, the same for all statements. */
  readonly at: readonly [floor: number, fixed: number | null]
}

/**
 * Statements are sent ahead of their answers. When one fails, whoever waits for another of them leaves, and nobody is
 * left to hear of the rest: that they fail as well is no news, and must not end the process.
 */
const heardOfOrNot = <T>(answer: Promise<T>): Promise<T> => {
  answer.catch(() => {})
  return answer
}

/**
 * Lets the store remember the time of a test's clock with everything that is written at it. The server's own clock
 * seldom goes back, and never by much: that one is remembered now and then, where it holds up nobody.
 */
export const raiseClock = (tx: Tx): Promise<unknown>[] =>
  tx.at[1] === null ? [] : [tx.run('clockRaise', ...tx.at)]

/** A connection that is ours for a while. */
export class Session implements Tx {
  readonly at: Tx['at']
  private readonly client: PgClient
  private readonly statements: Statements
  private readonly isPrepared: boolean
  private begin: string | null
  private previous: Promise<unknown> = Promise.resolve()
  private isOpen = false
  private isOver = false
  /** The first failure: those of the statements behind it say only that they came too late. */
  failure: unknown
  /** Settles with the answer for which nobody waits. */
  trailing: Promise<unknown> | undefined

  /** `begin`: with what the first statement is preceded; null: it is a transaction by itself. */
  constructor(options: {
    readonly client: PgClient
    readonly statements: Statements
    readonly isPrepared: boolean
    readonly begin: string | null
    readonly at: Tx['at']
  }) {
    this.client = options.client
    this.statements = options.statements
    this.isPrepared = options.isPrepared
    this.begin = options.begin
    this.at = options.at
  }

  run(name: StatementName, ...values: PgValue[]): Promise<PgRow[]> {
    const { text, name: prepared } = this.statements[name]
    const query = this.isPrepared ? { text, name: prepared, values } : { text, values }
    const begun = this.begun()
    const result = this.send(() => this.client.query(asRows(query)))
    return heardOfOrNot(begun.then(() => result).then(rowsOf))
  }

  async commit(): Promise<void> {
    if (this.isOver || !this.isOpen) return
    this.isOver = true
    await this.send(() => this.client.query({ text: 'commit' }))
  }

  /** Sends a statement behind all others, for whose answer nobody waits. It is a transaction by itself. */
  trail(name: StatementName, ...values: PgValue[]): void {
    const { text, name: prepared } = this.statements[name]
    this.trailing = this.client.query(asRows({ text, name: prepared, values })).catch(() => {})
  }

  /** Takes back what was not committed. Rejects when the connection is of no use any more. */
  async rollback(): Promise<void> {
    if (!this.isOpen) return
    this.isOver = true
    await this.client.query({ text: 'rollback' })
  }

  private begun(): Promise<unknown> {
    const text = this.begin
    if (text === null) return Promise.resolve()
    this.begin = null
    this.isOpen = true
    return this.send(() => this.client.query({ text }))
  }

  /** A driver that does not pipeline gets its queries one by one. */
  private send<T>(query: () => Promise<T>): Promise<T> {
    const sent = this.client.pipeline === true ? query() : this.previous.then(query)
    this.previous = sent
    sent.catch((error: unknown) => {
      this.failure ??= error
    })
    return sent
  }
}

/** The caller's transaction: ours is a part of it, which can be taken back alone. */
export class CallerSession implements Tx {
  readonly at: Tx['at']
  private readonly tx: CallerTransaction
  private readonly statements: Statements
  private previous: Promise<unknown> = Promise.resolve()
  private isOpen = false

  constructor(tx: CallerTransaction, statements: Statements, at: Tx['at']) {
    this.tx = tx
    this.statements = statements
    this.at = at
  }

  run(name: StatementName, ...values: PgValue[]): Promise<PgRow[]> {
    return heardOfOrNot(this.send(this.statements[name].text, values).then(rowsOf))
  }

  async begin(): Promise<void> {
    await this.send('savepoint posthaste', [])
    this.isOpen = true
  }

  async commit(): Promise<void> {
    // Released by who began it: the end of the operation is not the end of the transaction.
  }

  async end(): Promise<void> {
    await this.send('release savepoint posthaste', [])
  }

  async rollback(): Promise<void> {
    if (!this.isOpen) return
    await this.send('rollback to savepoint posthaste', [])
    await this.end()
  }

  private send(text: string, values: PgValue[]): ReturnType<CallerTransaction['query']> {
    const sent = this.previous.then(() => this.tx.query(text, values))
    this.previous = sent.catch(() => {})
    return sent
  }
}
