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
  readonly callTimeoutMs: number
}

/**
 * Calls that are carried out one after the other, in the order in which they came. Those that come in one turn of the
 * event loop, and those that come while a step is under way, share the next one (group commit without a timer): a call
 * that comes alone goes at once.
 */
export class Line<Request, Answer> {
  private readonly options: LineOptions<Request, Answer>
  private waiting: Waiting<Request, Answer>[] = []
  private running: readonly Waiting<Request, Answer>[] = []
  private isRunning = false
  private isStarting = false
  private watch: NodeJS.Timeout | undefined
  private readonly whenIdle: (() => void)[] = []

  constructor(options: LineOptions<Request, Answer>) {
    this.options = options
  }

  call(request: Request, size: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.options.callTimeoutMs
      this.waiting.push({ request, size, deadline, resolve, reject })
      this.start()
    })
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    if (this.isRunning || this.isStarting) await new Promise<void>((resolve) => this.whenIdle.push(resolve))
  }

  private start(): void {
    if (this.isRunning || this.isStarting) return
    this.isStarting = true
    setImmediate(() => void this.run())
  }

  private async run(): Promise<void> {
    this.isStarting = false
    this.isRunning = true
    while (this.waiting.length > 0) {
      const batch = this.nextBatch()
      await this.carryOut(batch)
      this.running = []
    }
    this.isRunning = false
    for (const resolve of this.whenIdle.splice(0)) resolve()
  }

  private nextBatch(): Waiting<Request, Answer>[] {
    let size = 0
    let count = 0
    for (const one of this.waiting) {
      size += Math.max(1, one.size)
      if (count > 0 && size > this.options.sizeMax) break
      count++
    }
    return this.waiting.splice(0, count)
  }

  private async carryOut(batch: readonly Waiting<Request, Answer>[]): Promise<void> {
    const { work } = this.options
    // The last of them decides; those that came earlier are given up one by one, if it takes so long.
    const deadline = Math.max(...batch.map((one) => one.deadline))
    this.running = batch
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
    }
  }

  /** One timer for all calls: it looks, for as long as there are any, whether one has waited too long. */
  private watchDeadlines(): void {
    const first = this.running[0] ?? this.waiting[0]
    if (this.watch !== undefined || first === undefined) return
    const left = Math.max(1, first.deadline - performance.now())
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
    for (const { deadline, reject } of [...this.running, ...this.waiting]) {
      if (deadline <= now) reject(new PosthasteError('E_STORE_TIMEOUT', what))
    }
    this.running = this.running.filter(({ deadline }) => deadline > now)
    this.waiting = this.waiting.filter(({ deadline }) => deadline > now)
  }
}

/** Whether an error may come from one of several requests, and not from the state of the store. */
const isTheirOwn = (error: unknown): boolean =>
  error instanceof PosthasteError && (error.code === 'E_STORE' || error.code === 'E_ARGUMENT')
