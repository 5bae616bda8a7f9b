import { numbers, texts } from './arrays.ts'
import { type PgRow, toFlag, toNumber } from './driver.ts'
import type { Tx } from './session.ts'
import type { Sessions } from './sessions.ts'

/** What decides in which line a job waits. */
export interface Lined {
  readonly queue: string
  readonly task: string
  readonly group: string | null
  readonly ties: { readonly limit: string | null } | null
}

export interface Kind {
  readonly kind: number
  readonly queue: string
  readonly task: string
}

/** Pairs of queue and task that are remembered; with very many of them the memory begins anew. */
const KINDS_MAX = 10_000
/** Lines that are remembered; the oldest are forgotten first. */
const LINES_MAX = 100_000

// Names hold no NUL, so no two pairs look alike.
const nameOf = (queue: string, task: string): string => `${queue}\0${task}`

/** Whether a job waits in a line of its group and its limit key. */
export const isLined = ({ group, ties }: Lined): boolean => group !== null || (ties?.limit ?? null) !== null

const lineName = (kind: number, group: unknown, limit: unknown): string =>
  JSON.stringify([kind, group, limit])

/**
 * The numbers of pairs of queue and task. They are written once and for good, in a transaction of their own: a number
 * of which no job was added yet does no harm.
 */
export class Kinds {
  private readonly sessions: Sessions
  private readonly byName = new Map<string, Kind>()
  private readonly byNumber = new Map<number, Kind>()
  private readonly knownQueues = new Set<string>()
  private readonly lines = new Map<string, number>()
  private readonly fairQueues = new Set<string>()
  /** Queues of which a job with a group or a limit key was seen here. */
  private readonly metQueues = new Set<string>()
  /** Another one whenever this engine may have made groups take turns, or set limits, where there were none. */
  epoch = 0

  constructor(sessions: Sessions) {
    this.sessions = sessions
  }

  /** Makes sure that every pair, and every line, has a number; then `numberOf` and `lineOf` answer for them. */
  async prepare(jobs: readonly Lined[]): Promise<void> {
    await this.preparePairs(jobs)
    this.meet(jobs)
    const lined = jobs.filter((job) => isLined(job) && this.knownLineOf(job) === undefined)
    if (lined.length === 0) return
    const missing = [...new Map(lined.map((job) => [this.lineNameOf(job), job])).values()]
    const kinds = numbers(missing.map(({ queue, task }) => this.numberOf(queue, task)))
    const groups = texts(missing.map(({ group }) => group))
    const limits = texts(missing.map(({ ties }) => ties?.limit ?? null))
    const find = () => this.sessions.single('looking up lines', 'linesFind', () => [kinds, groups, limits])
    let rows = await find()
    if (rows.length < missing.length) {
      const queues = texts(missing.map(({ queue }) => queue))
      await this.sessions.single('adding lines', 'linesAdd', () => [kinds, queues, groups, limits])
      rows = await find()
    }
    for (const [kind, group, limit, line] of rows) {
      this.lines.set(lineName(toNumber(kind), group, limit), toNumber(line))
    }
    for (const name of this.lines.keys()) {
      if (this.lines.size <= LINES_MAX) break
      this.lines.delete(name)
    }
  }

  private meet(jobs: readonly Lined[]): void {
    for (const job of jobs) {
      if (!isLined(job) || this.metQueues.has(job.queue)) continue
      this.metQueues.add(job.queue)
      this.epoch++
    }
  }

  private async preparePairs(
    pairs: readonly { readonly queue: string; readonly task: string }[],
  ): Promise<void> {
    const isNew = (pair: { readonly queue: string; readonly task: string }): boolean => !this.isKnown(pair)
    if (!pairs.some(isNew)) return
    if (this.byName.size >= KINDS_MAX) this.forget()
    const missing = [
      ...new Map(pairs.filter(isNew).map((pair) => [nameOf(pair.queue, pair.task), pair])).values(),
    ]
    const names = [texts(missing.map(({ queue }) => queue)), texts(missing.map(({ task }) => task))] as const
    let rows = await this.sessions.single('looking up queues', 'kindsFind', () => [...names])
    if (rows.length < missing.length) {
      await this.sessions.single('adding queues', 'kindsAdd', () => [...names])
      rows = await this.sessions.single('looking up queues', 'kindsFind', () => [...names])
    }
    for (const row of rows) {
      this.remember(row)
      if (toFlag(row[3])) this.knownQueues.add(row[1] as string)
    }
  }

  /** The line in which a job waits, or null for one that has neither group nor limit key. */
  lineOf(job: Lined): number | null {
    if (!isLined(job)) return null
    const line = this.knownLineOf(job)
    if (line === undefined) throw new Error(`The line of ${this.lineNameOf(job)} was not prepared`)
    return line
  }

  private knownLineOf(job: Lined): number | undefined {
    return this.byName.has(nameOf(job.queue, job.task)) ? this.lines.get(this.lineNameOf(job)) : undefined
  }

  private lineNameOf({ queue, task, group, ties }: Lined): string {
    return lineName(this.numberOf(queue, task), group, ties?.limit ?? null)
  }

  /** Whether it is certain that the groups of a queue take turns. */
  isQueueFair(queue: string): boolean {
    return this.fairQueues.has(queue)
  }

  /** To be called when it was stored for good that the groups of these queues take turns. */
  queuesAreFair(queues: Iterable<string>): void {
    for (const queue of queues) this.fairQueues.add(queue)
  }

  /** Whether neither pair nor line need be looked up. */
  isPrepared(job: Lined): boolean {
    return this.isKnown(job) && (!isLined(job) || this.knownLineOf(job) !== undefined)
  }

  /** Whether the pair need not be looked up. */
  isKnown({ queue, task }: { readonly queue: string; readonly task: string }): boolean {
    return this.byName.has(nameOf(queue, task))
  }

  /**
   * Makes sure that a caller's transaction finds every pair, and every queue, without adding them itself: until it ends,
   * all others that add jobs of a new pair would wait for it. It is asked first, because it may have added them already,
   * in plain SQL: then we would wait for it.
   */
  async prepareWithin(tx: Tx, jobs: readonly Lined[]): Promise<void> {
    await this.preparePairsWithin(tx, jobs)
    await this.prepareLinesWithin(tx, jobs)
  }

  private async preparePairsWithin(
    tx: Tx,
    pairs: readonly { readonly queue: string; readonly task: string }[],
  ): Promise<void> {
    const isNew = ({ queue, task }: { queue: string; task: string }): boolean =>
      !this.byName.has(nameOf(queue, task)) || !this.isQueueKnown(queue)
    const missing = new Map(pairs.filter(isNew).map((pair) => [nameOf(pair.queue, pair.task), pair]))
    if (missing.size === 0) return
    const asked = [...missing.values()]
    const names = [texts(asked.map(({ queue }) => queue)), texts(asked.map(({ task }) => task))] as const
    for (const [, queue, task, isKnown] of await tx.run('kindsFind', ...names)) {
      if (toFlag(isKnown)) missing.delete(nameOf(queue as string, task as string))
    }
    const left = [...missing.values()]
    await this.preparePairs(left)
    const queues = [...new Set(left.map(({ queue }) => queue))].filter((queue) => !this.isQueueKnown(queue))
    if (queues.length === 0) return
    await this.sessions.single('adding queues', 'queuesAdd', () => [texts(queues)])
    this.queuesAreKnown(queues)
  }

  /** The same for the lines of jobs with a group, and for their queues, of which all groups take turns. */
  private async prepareLinesWithin(tx: Tx, jobs: readonly Lined[]): Promise<void> {
    const isNew = (job: Lined): boolean => !this.isPrepared(job) || !this.isQueueFair(job.queue)
    const asked = jobs.filter((job) => isLined(job) && isNew(job))
    if (asked.length === 0) return
    this.meet(asked)
    const pairs = await tx.run(
      'kindsFind',
      texts(asked.map(({ queue }) => queue)),
      texts(asked.map(({ task }) => task)),
    )
    const kinds = new Map(pairs.map(([kind, queue, task]) => [nameOf(queue as string, task as string), kind]))
    const kindOf = ({ queue, task }: Lined): number => toNumber(kinds.get(nameOf(queue, task)))
    const rows = await tx.run(
      'linesFind',
      numbers(asked.map(kindOf)),
      texts(asked.map(({ group }) => group)),
      texts(asked.map(() => null)),
    )
    const known = new Set(rows.map(([kind, group, limit]) => lineName(toNumber(kind), group, limit)))
    const missing = asked.filter((job) => !known.has(lineName(kindOf(job), job.group, null)))
    await this.prepare(missing)
    const fair = new Set(rows.filter((row) => toFlag(row[4])).map((row) => row[5] as string))
    const queues = [...new Set(asked.map(({ queue }) => queue))].filter((queue) => !fair.has(queue))
    // Those of which the transaction itself has added a line are fair to it, when it has added a job to that.
    if (queues.length > 0) await this.sessions.single('adding queues', 'fairAdd', () => [texts(queues)])
  }

  numberOf(queue: string, task: string): number {
    const kind = this.byName.get(nameOf(queue, task))
    if (kind === undefined) throw new Error(`The pair of ${queue} and ${task} was not prepared`)
    return kind.kind
  }

  /** The names behind numbers. */
  async read(kinds: readonly number[]): Promise<ReadonlyMap<number, Kind>> {
    const missing = kinds.filter((kind) => !this.byNumber.has(kind))
    if (missing.length > 0) {
      const rows = await this.sessions.single('looking up queues', 'kindsRead', () => [numbers(missing)])
      for (const row of rows) this.remember(row)
    }
    return this.byNumber
  }

  /** Whether it is certain that a queue is on the list of those that ever had a job. */
  isQueueKnown(queue: string): boolean {
    return this.knownQueues.has(queue)
  }

  /** To be called when jobs of these queues were stored for good. */
  queuesAreKnown(queues: Iterable<string>): void {
    for (const queue of queues) this.knownQueues.add(queue)
  }

  private remember([number, queue, task]: PgRow): void {
    const kind: Kind = { kind: toNumber(number), queue: queue as string, task: task as string }
    this.byName.set(nameOf(kind.queue, kind.task), kind)
    this.byNumber.set(kind.kind, kind)
  }

  private forget(): void {
    this.byName.clear()
    this.byNumber.clear()
    this.knownQueues.clear()
    this.lines.clear()
  }
}
