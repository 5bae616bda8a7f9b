/** `tasks` is no store: its cases measure the tasks that come with Posthaste, on SQLite, beside the bare library. */
export type EngineName = 'sqlite' | 'postgres' | 'redis' | 'tasks'

/** What a case may ask of a system under measurement. */
export interface System {
  add(payload: unknown): Promise<unknown>
  addMany(payloads: readonly unknown[]): Promise<unknown>
  /** Runs jobs in this process, each handing its payload to `onRun`. */
  work(concurrency: number): Promise<{ stop(): Promise<unknown> }>
  /** Jobs that have not ended. */
  waiting(): Promise<number>
  readonly stats: (() => Promise<unknown>) | undefined
  readonly page: (() => Promise<unknown>) | undefined
  /** Adds jobs, spread over so many groups, none of which may run. */
  readonly park?: (payloads: readonly unknown[], groups: number) => Promise<unknown>
  close(): Promise<unknown>
}

/** An empty store for one measurement: a folder for SQLite, the URL of a server for the others. */
export interface Place {
  readonly url: string
  readonly folder: string
  /** What `prepare` of the case made; empty when it has none. The same for all rounds and systems. */
  readonly prepared: string
}

export interface OpenOptions extends Place {
  readonly onRun: (payload: unknown) => unknown
}
export type OpenSystem = (options: OpenOptions) => Promise<System>

export interface Measured {
  /** Jobs per second, or what `unit` of the case says. */
  readonly value: number
  readonly more?: Readonly<Record<string, number>>
}

export interface CaseContext {
  /** A client of the system, in the measuring process. */
  readonly open: () => Promise<System>
  readonly size: number
  /** Which of the case's systems is measured, where it is no store that `open` knows. */
  readonly system: string
  readonly place: Place
  /** Starts a process of the same system on the same store, which waits for orders. */
  readonly spawnWorker: (options: {
    readonly concurrency: number
    /** Tells all the time how many jobs it ran. */
    readonly counting?: boolean
  }) => Promise<WorkerProcess>
}

export interface WorkerProcess {
  readonly pid: number
  /** Jobs that it has run so far. */
  ran(): number
  work(): Promise<void>
  /** Stops working; `work` begins again. */
  rest(): Promise<void>
  stop(): Promise<WorkerReport>
}
export interface WorkerReport {
  /** From the `at` of each payload to the start of its handler, ms. */
  readonly waits: readonly number[]
  readonly peakRssMb: number
}

export interface BenchCase {
  readonly name: string
  /** `{size}` stands for ours. */
  readonly title: string
  readonly unit: 'jobs/s' | 'images/s' | 'ms' | 'MB' | 'CPU s'
  /** Larger figures are better, or smaller ones. */
  readonly better: 'more' | 'less'
  /** Ours first; an engine that is not named does not run the case. */
  readonly systems: Readonly<Partial<Record<EngineName, readonly string[]>>>
  /** Jobs, or seconds; by system or engine where a slow one would take minutes. */
  readonly size: number
  readonly sizes?: Readonly<Record<string, number>>
  /** What `--smoke` takes instead. */
  readonly smokeSize: number
  /** Makes once, before the first round, what all measurements read: files in that folder. Not measured. */
  readonly prepare?: (folder: string, size: number) => Promise<void>
  readonly run: (context: CaseContext) => Promise<Measured>
}

/** What a row has to reach. One of `times`, `timesCase` for a ratio; neither for an absolute bound. */
export interface Goal {
  readonly atLeast?: number
  readonly atMost?: number
  /** Another system of the row, or the best one of them. */
  readonly times?: string
  /** Our own figure in another row. */
  readonly timesCase?: string
  /** One of `more`; default: the row's own figure. */
  readonly figure?: string
}

export interface Row {
  readonly case: string
  readonly title: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly at: string
  readonly rounds: number
  /** Processes that were running or waiting to, on average over the last minute; our own are among them. */
  readonly load: number
  /** Of the first system; others may run fewer jobs. */
  readonly size: number
  readonly systems: readonly RowSystem[]
}
export interface RowSystem {
  readonly system: string
  readonly durability: string
  readonly size: number
  readonly value: number
  readonly all: readonly number[]
  readonly more: Readonly<Record<string, number>>
}

export interface Verdict {
  readonly text: string
  /** Undefined: something that it needs was not measured. */
  readonly reached: number | undefined
  readonly met: boolean | undefined
}
