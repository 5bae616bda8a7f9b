import type { Bounded } from './gates.ts'

/** A ready job, as far as a claim has to know it. */
export interface ReadyJob {
  readonly priority: number
  readonly runAt: number
  readonly id: string
  readonly solo: boolean
}

/** The place of a line among others of its queue. */
export interface Spot extends Omit<ReadyJob, 'solo'> {
  readonly turn: number
}

/** What is before every job and every line. */
export const BEFORE_ALL: Spot = {
  priority: -1,
  turn: -1,
  runAt: -1,
  id: '00000000-0000-0000-0000-000000000000',
}

const byId = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The order of claims among queues, and within a line. */
export const compareJobs = (a: Omit<ReadyJob, 'solo'>, b: Omit<ReadyJob, 'solo'>): number =>
  a.priority - b.priority || a.runAt - b.runAt || byId(a.id, b.id)

/** The order of claims within a queue. */
const compareSpots = (a: Spot, b: Spot): number =>
  a.priority - b.priority || a.turn - b.turn || a.runAt - b.runAt || byId(a.id, b.id)

/** The groups of a queue take turns; those without one are a group. Shared by all lines of the group. */
export interface Group {
  readonly queue: string
  /** Null for the jobs without a group. */
  readonly group: string | null
  turn: number
  /** Until when nobody needs to look at it; 0: it is open. */
  parkedUntil: number
  /** It is looked at again when fewer of its jobs run; null: that opens nothing. */
  capacity: number | null
  hasMoved: boolean
}

/** Jobs that pass the same limits, or none of them, in their order; the first of them are known. */
export interface Line extends Bounded {
  /** The number under which they are in `ready`. */
  readonly number: number
  readonly group: string | null
  readonly turns: Group
  jobs: ReadyJob[]
  /** The last one that was read. */
  last: Omit<ReadyJob, 'solo'>
  /** So many were asked for at the last reading. */
  depth: number
  isComplete: boolean
  /** Its place when it was last put into order. */
  spot: Spot
}

/** Lines of one kind whose limit key has the same limit, in their order; the first of them are known. */
export class Window {
  readonly kind: number
  readonly queue: string
  readonly task: string
  /** The limit key of all its lines, when that has a setting. */
  readonly key: string | null
  /** How its lines are found in the store; null: it is the one line of the jobs that have neither group nor limit key. */
  readonly source: string | null
  /** The place of the last line that was read, as the store has it. */
  end: Spot = BEFORE_ALL
  isComplete = false
  /** How often lines of it were read. */
  reads = 0
  /** The group that all its lines belong to, when it is one without a name. */
  private readonly groupless: Group | null
  /** The last one is the first. */
  private readonly lines: Line[] = []

  constructor(options: {
    readonly kind: number
    readonly queue: string
    readonly task: string
    readonly key: string | null
    readonly source: string | null
    readonly groupless: Group | null
  }) {
    this.kind = options.kind
    this.queue = options.queue
    this.task = options.task
    this.key = options.key
    this.source = options.source
    this.groupless = options.groupless
  }

  /** Adds a line that is not there yet; or puts one in order. */
  put(line: Line): void {
    const [first] = line.jobs
    line.spot = { ...(first ?? line.spot), turn: line.turns.turn }
    let [low, high] = [0, this.lines.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareSpots((this.lines[middle] as Line).spot, line.spot) > 0) low = middle + 1
      else high = middle
    }
    this.lines.splice(low, 0, line)
  }

  /** The first line that is not parked; or what has to be read before that is known; or null: there is none. */
  first(): Line | Window | null {
    for (;;) {
      const line = this.lines.at(-1)
      // Turns only move on, and a line only loses its first jobs: none that lies deeper has come before this one.
      if (line !== undefined && line.turns.parkedUntil > 0) {
        this.lines.pop()
      } else if (line !== undefined && line.jobs.length === 0 && line.isComplete) {
        this.lines.pop()
      } else if (line !== undefined && line.jobs.length > 0 && this.isMoved(line)) {
        this.lines.pop()
        this.put(line)
      } else if (!this.isComplete && (line === undefined || compareSpots(line.spot, this.boundary()) > 0)) {
        return this
      } else {
        return line ?? null
      }
    }
  }

  private isMoved({ spot, turns, jobs }: Line): boolean {
    return spot.turn !== turns.turn || spot.id !== jobs[0]?.id
  }

  /** Lines that were not read yet come behind it. */
  private boundary(): Spot {
    // In the store, lines without a group have no turn: that of their group is theirs.
    return this.groupless === null || this.end === BEFORE_ALL
      ? this.end
      : { ...this.end, turn: this.groupless.turn }
  }
}
