import { PosthasteError } from '../../core/errors.ts'

interface Waiting<Request, Answer> {
  readonly request: Request
  readonly size: number
  readonly deadline: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export interface LineOptions<Request, Answer> {
  /** Carries out requests that came together, in their order, in one step. */
  readonly work: (requests: readonly Request[], deadline: number) => Promise<readonly Answer[]>
  /** How many elements requests may have together to share a step. A request that is larger goes alone. */
  readonly sizeMax: number
  /** How many steps may be under way at once. Default 1. */
  readonly width?: number
  /** Whether a step may be under way beside others that may, too. Default: every one. */
  readonly mayOverlap?: (requests: readonly Request[]) => boolean
  readonly callTimeoutMs: number
}

/**
 * Calls that are begun in the order in which they came. Those that come in one turn of the event loop, and those that
 * come while a step is under way, share the next one (group commit without a timer): a call that comes alone goes at
 * once. A step that is full need not wait for the one before it, where the line is wide enough for two.
 */
export class Line<Request, Answer> {
  private readonly options: LineOptions<Request, Answer>
  private waiting: Waiting<Request, Answer>[] = []
  private readonly running = new Set<Waiting<Request, Answer>>()
  private steps = 0
  private areOverlapping = true
  private isStarting = false
  private watch: NodeJS.Timeout | undefined

  constructor(options: LineOptions<Request, Answer>) {
    this.options = options
  }

  call(request: Request, size: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.options.callTimeoutMs
      this.waiting.push({ request, size, deadline, resolve, reject })
      if (this.isStarting) return
      this.isStarting = true
      setImmediate(() => {
        this.isStarting = false
        this.advance()
      })
    })
  }

  /** Begins all steps that may begin now. */
  private advance(): void {
    const { width = 1, mayOverlap = () => true } = this.options
    while (this.waiting.length > 0 && this.steps < width) {
      const { count, isFull } = this.nextBatch()
      const requests = this.waiting.slice(0, count).map(({ request }) => request)
      const overlaps = width > 1 && mayOverlap(requests)
      if (this.steps > 0 && !(isFull && overlaps && this.areOverlapping)) return
      this.areOverlapping = overlaps
      this.steps++
      void this.carryOut(this.waiting.splice(0, count)).then(() => {
        this.steps--
        this.advance()
      })
    }
  }

  /** How many of those that wait share the next step, and whether no other could join them. */
  private nextBatch(): { count: number; isFull: boolean } {
    const { sizeMax } = this.options
    let size = 0
    let count = 0
    for (const one of this.waiting) {
      const next = size + Math.max(1, one.size)
      if (count > 0 && next > sizeMax) return { count, isFull: true }
      size = next
      count++
    }
    return { count, isFull: size >= sizeMax }
  }

  private async carryOut(batch: readonly Waiting<Request, Answer>[]): Promise<void> {
    const { work } = this.options
    // The last of them decides; those that came earlier are given up one by one, if it takes so long.
    const deadline = Math.max(...batch.map((one) => one.deadline))
    for (const one of batch) this.running.add(one)
    this.watchDeadlines()
    try {
      const answers = await work(
        batch.map(({ request }) => request),
        deadline,
      )
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as Answer)
    } catch (error) {
      // One that cannot be stored must not fail its neighbours; when the store is gone, all of them fail alike.
      if (batch.length > 1 && isTheirOwn(error)) for (const one of batch) await this.carryOut([one])
      else for (const { reject } of batch) reject(error)
    } finally {
      for (const one of batch) this.running.delete(one)
    }
  }

  /** One timer for all calls: it looks, for as long as there are any, whether one has waited too long. */
  private watchDeadlines(): void {
    if (this.watch !== undefined) return
    const deadlines = [...this.running, ...this.waiting.slice(0, 1)].map((one) => one.deadline)
    if (deadlines.length === 0) return
    const left = Math.max(1, Math.min(...deadlines) - performance.now())
    this.watch = setTimeout(() => {
      this.watch = undefined
      this.giveUpLate()
      this.watchDeadlines()
    }, left)
    this.watch.unref()
  }

  private giveUpLate(): void {
    const now = performance.now()
    const what = `The store did not answer within ${this.options.callTimeoutMs} ms.`
    // What is under way may still be carried out; its answer goes nowhere.
    for (const one of [...this.running, ...this.waiting]) {
      if (one.deadline > now) continue
      one.reject(new PosthasteError('E_STORE_TIMEOUT', what))
      this.running.delete(one)
    }
    this.waiting = this.waiting.filter(({ deadline }) => deadline > now)
  }
}

/** Whether an error may come from one of several requests, and not from the state of the store. */
const isTheirOwn = (error: unknown): boolean =>
  error instanceof PosthasteError && (error.code === 'E_STORE' || error.code === 'E_ARGUMENT')
