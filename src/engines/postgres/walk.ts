import { type Gates, NEVER } from './gates.ts'
import { compareJobs, type Group, type Line, type ReadyJob, type Window } from './windows.ts'

/** What a group's turn moves on by, for weight 1. Divisible by many weights, so that turns stay whole numbers. */
const STRIDE = 720_720

/** One queue from which a claim may take. */
export interface WalkedQueue {
  readonly queue: string
  /** The furthest turn that it has given; null: its groups take no turns. */
  last: number | null
  readonly groupless: Group
  readonly windows: Window[]
}

/** A job that was chosen, and the line that it is taken from. */
export interface Chosen {
  readonly job: ReadyJob
  readonly line: Line
}

type Need = Line | Window

/**
 * Chooses the jobs of a claim, one after the other, as the contract tells it: what is read of the store is what is at the
 * head of each window. Whenever that is not enough, `advance` says what has to be read.
 */
export class Walk {
  readonly chosen: Chosen[] = []
  more = false
  private readonly gates: Gates
  private readonly limit: number
  /** Queues that are compared with each other; those of a list come one after the other. */
  private readonly turns: (readonly WalkedQueue[])[]
  private readonly offers = new Map<WalkedQueue, Line | null>()

  constructor(gates: Gates, limit: number, turns: readonly (readonly WalkedQueue[])[]) {
    this.gates = gates
    this.limit = limit
    this.turns = [...turns]
  }

  /** Goes on as far as it can. What has to be read before it can go on; nothing: it is over. */
  advance(): Set<Need> {
    const needs = new Set<Need>()
    for (let queues = this.turns[0]; queues !== undefined; queues = this.turns[0]) {
      const offer = this.best(queues, needs)
      if (needs.size > 0) return needs
      if (offer === null) {
        this.turns.shift()
        continue
      }
      const [queue, line] = offer
      const job = line.jobs[0] as ReadyJob
      // A solo job ends an answer, or is all of it.
      const isAlone = job.solo || this.chosen[0]?.job.solo === true
      this.more = this.chosen.length === this.limit || (this.chosen.length > 0 && isAlone)
      if (this.more) return needs
      this.take(queue, line, job)
    }
    return needs
  }

  /**
   * Goes on through lines of windows that rates keep shut, to park the groups that are closed for longer. What has to be
   * read for it; nothing: it is over.
   */
  probe(windows: readonly Window[]): Set<Need> {
    const needs = new Set<Need>()
    for (const window of windows) {
      for (;;) {
        const first = window.first()
        if (first === null) break
        if (!isReady(first)) {
          needs.add(first)
          break
        }
        if (!this.park(first)) break
      }
    }
    return needs
  }

  /** When a kind and a key, that is, all lines of a window, may go, as far as that depends on them. */
  opensAt(window: Window): number {
    return this.gates.opensAt([...this.gates.ofKind(window), ...this.gates.ofKey(window.key)])
  }

  /** The groups that moved on, or were parked. */
  private take(queue: WalkedQueue, line: Line, job: ReadyJob): void {
    line.jobs.shift()
    this.chosen.push({ job, line })
    this.gates.claimed(line)
    this.offers.delete(queue)
    if (queue.last === null) return
    const { turns } = line
    queue.last = Math.max(queue.last, turns.turn)
    turns.turn += Math.round(STRIDE / this.gates.weightOf(turns))
    turns.hasMoved = true
  }

  private best(queues: readonly WalkedQueue[], needs: Set<Need>): [WalkedQueue, Line] | null {
    let best: [WalkedQueue, Line] | null = null
    for (const queue of queues) {
      const line = this.offerOf(queue, needs)
      if (line === null) continue
      const isBefore = best === null || compareJobs(line.jobs[0] as ReadyJob, best[1].jobs[0] as ReadyJob) < 0
      if (isBefore) best = [queue, line]
    }
    return best
  }

  /** The first line of a queue that is open. It stays so until it is taken from, or another one's job closes it. */
  private offerOf(queue: WalkedQueue, needs: Set<Need>): Line | null {
    const known = this.offers.get(queue)
    if (known !== undefined && (known === null || this.gates.areOpen(this.gates.of(known)))) return known
    let best: Line | null = null
    const before = needs.size
    for (const window of queue.windows) {
      const line = this.firstOpen(window, needs)
      if (line === null) continue
      if (best === null || isBefore(line, best)) best = line
    }
    if (needs.size === before) this.offers.set(queue, best)
    return best
  }

  private firstOpen(window: Window, needs: Set<Need>): Line | null {
    if (this.opensAt(window) !== this.gates.now) return null
    for (;;) {
      const first = window.first()
      if (first === null) return null
      if (!isReady(first)) {
        needs.add(first)
        return null
      }
      if (!this.park(first)) return first
    }
  }

  /** Parks the group of a line when its limit is reached. */
  private park({ turns }: Line): boolean {
    const [bound] = this.gates.ofGroup(turns)
    if (bound === undefined) return false
    const until = this.gates.opensAt([bound])
    if (until === this.gates.now) return false
    const { concurrency, pausedBy } = bound.setting
    turns.parkedUntil = until
    turns.capacity = until === NEVER && pausedBy === null && concurrency !== 0 ? concurrency : null
    return true
  }
}

/** Whether the first job of a line is known; what is not ready has to be read. */
const isReady = (need: Need): need is Line => 'jobs' in need && need.jobs.length > 0

const isBefore = (a: Line, b: Line): boolean => {
  const [x, y] = [a.jobs[0] as ReadyJob, b.jobs[0] as ReadyJob]
  return (x.priority - y.priority || a.turns.turn - b.turns.turn || compareJobs(x, y)) < 0
}
