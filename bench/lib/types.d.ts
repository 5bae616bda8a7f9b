/** What a case may ask of a system under measurement. */
export interface System {
  readonly durability: string
  add(payload: unknown): Promise<unknown>
  addMany(payloads: readonly unknown[]): Promise<unknown>
  /** Runs jobs in this process, each handing its payload to `onRun`. */
  work(concurrency: number): { stop(): Promise<unknown> }
  /** Jobs that have not ended. */
  waiting(): Promise<number>
  readonly stats: (() => Promise<unknown>) | undefined
  readonly page: (() => Promise<unknown>) | undefined
  close(): Promise<unknown>
}

export interface OpenOptions {
  readonly folder: string
  readonly onRun: (payload: unknown) => unknown
}
export type OpenSystem = (options: OpenOptions) => Promise<System>

export interface Measured {
  /** Jobs per second, or what `unit` of the case says. */
  readonly value: number
  readonly more?: Readonly<Record<string, number>>
}

export interface CaseContext {
  readonly open: OpenSystem
  readonly folder: string
  readonly size: number
  /** Starts another process of the same system on the same store and waits until it says that it is ready. */
  readonly spawnWorker: (options: {
    readonly concurrency: number
    readonly report?: string
  }) => Promise<WorkerProcess>
}
export interface WorkerProcess {
  readonly pid: number
  stop(): Promise<void>
}

export interface BenchCase {
  readonly name: string
  readonly title: string
  readonly unit: string
  /** Larger figures are better, or smaller ones. */
  readonly better: 'more' | 'less'
  readonly systems: readonly string[]
  /** Jobs, or rounds. */
  readonly size: number
  readonly peerSize?: number
  /** The goal as a ratio to the peer, or as an absolute bound. */
  readonly goal: string
  readonly run: (context: CaseContext) => Promise<Measured>
}
