import { numbers, texts } from './arrays.ts'
import { type PgRow, toFlag, toNumber } from './driver.ts'
import type { Tx } from './session.ts'
import type { Sessions } from './sessions.ts'

export interface Kind {
  readonly kind: number
  readonly queue: string
  readonly task: string
}

/** Pairs of queue and task that are remembered; with very many of them the memory begins anew. */
const KINDS_MAX = 10_000

// Names hold no NUL, so no two pairs look alike.
const nameOf = (queue: string, task: string): string => `${queue}\0${task}`

/**
 * The numbers of pairs of queue and task. They are written once and for good, in a transaction of their own: a number
 * of which no job was added yet does no harm.
 */
export class Kinds {
  private readonly sessions: Sessions
  private readonly byName = new Map<string, Kind>()
  private readonly byNumber = new Map<number, Kind>()
  private readonly knownQueues = new Set<string>()

  constructor(sessions: Sessions) {
    this.sessions = sessions
  }

  /** Makes sure that every pair has a number; then `numberOf` answers for them. */
  async prepare(pairs: readonly { readonly queue: string; readonly task: string }[]): Promise<void> {
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

  /** Whether the pair need not be looked up. */
  isKnown({ queue, task }: { readonly queue: string; readonly task: string }): boolean {
    return this.byName.has(nameOf(queue, task))
  }

  /**
   * Makes sure that a caller's transaction finds every pair, and every queue, without adding them itself: until it ends,
   * all others that add jobs of a new pair would wait for it. It is asked first, because it may have added them already,
   * in plain SQL: then we would wait for it.
   */
  async prepareWithin(
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
    await this.prepare(left)
    const queues = [...new Set(left.map(({ queue }) => queue))].filter((queue) => !this.isQueueKnown(queue))
    if (queues.length === 0) return
    await this.sessions.single('adding queues', 'queuesAdd', () => [texts(queues)])
    this.queuesAreKnown(queues)
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
  }
}
