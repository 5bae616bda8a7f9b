import { deepStrictEqual } from 'node:assert/strict'
import type { Change, JobRecord, NewJob, Settlement } from '../../../src/core/job.ts'
import { isFinished } from '../../../src/core/states.ts'
import { checkInvariants, takeSnapshot } from '../../../src/engines/conformance/snapshot.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import { createMemoryEngine } from '../../../src/engines/memory/index.ts'
import type { ManualClock } from '../../../src/testing/index.ts'
import type { DrawnLease } from './arbitraries.ts'

/** How often things happened, over all programs: a run that never came to a verdict has proved nothing about it. */
export class Tally {
  private readonly counts = new Map<string, number>()

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0
  }
}

/** So many leases are remembered. */
const RECENT = 8

/** The id of no job. */
const NOBODY = '0198c0de-dead-7000-8000-000000000000'

type Outcome = { readonly answer: unknown } | { readonly refused: unknown; readonly message: string }

/**
 * The reference model and the stores that are compared with it, all told the same, and what a worker and an operator
 * remember of them.
 */
export class World {
  readonly clock: ManualClock
  readonly memory: Engine
  readonly tally: Tally
  /** The engines that are compared with the model, by kind. */
  readonly tested: Map<string, Engine>
  /** Closes them and opens them again, each on its store. */
  readonly reopenTested: () => Promise<void>

  /** Ids of all jobs that were ever offered, also of those that are gone. */
  readonly ids: string[] = []
  /** Jobs as they were claimed: current leases and lost ones. */
  readonly leases: JobRecord[] = []
  lastInsert: readonly NewJob[] = []
  lastSettle: readonly Settlement[] = []
  lastChange: readonly Change[] = []
  private made = 0
  private states = new Map<string, JobRecord>()

  constructor(
    clock: ManualClock,
    tested: Map<string, Engine>,
    reopenTested: () => Promise<void>,
    tally: Tally,
  ) {
    this.clock = clock
    this.tested = tested
    this.reopenTested = reopenTested
    this.tally = tally
    this.memory = createMemoryEngine({ clock })
  }

  /** A new id. `salt` makes the order of ids another one than that of their making. */
  newId(salt: number): string {
    this.made++
    const id = `0198c0de-${salt.toString(16).padStart(4, '0')}-7000-8000-${this.made.toString(16).padStart(12, '0')}`
    this.ids.push(id)
    return id
  }

  /** One of the known ids; an unknown one when there is none yet. */
  idAt(index: number): string {
    return this.ids[index % Math.max(1, this.ids.length)] ?? NOBODY
  }

  /** A job as somebody claimed it, with the mistakes that were drawn. */
  leaseOf({ at, fenceOff, isUnknown }: DrawnLease): JobRecord | undefined {
    // The newest are the most likely to be good still.
    const job = this.leases.at(-1 - (at % Math.max(1, Math.min(this.leases.length, RECENT))))
    if (job === undefined) return undefined
    return { ...job, id: isUnknown ? NOBODY : job.id, fence: Math.max(0, job.fence + fenceOff) }
  }

  /** Makes the same call on all stores; their answers have to be the same, down to the words of a refusal. */
  async both<T>(what: string, call: (engine: Engine) => Promise<T>): Promise<T | undefined> {
    const expected = await outcome(call(this.memory))
    for (const [kind, engine] of this.tested) {
      const actual = await outcome(call(engine))
      deepStrictEqual(actual, expected, `${what} on ${kind} answers as the reference model does`)
    }
    if ('refused' in expected) {
      this.tally.add(`${what} → ${expected.refused}`)
      return undefined
    }
    return expected.answer as T
  }

  /** Makes several calls at the same time on all stores; their answers have to be the same. */
  async bothAtOnce(what: string, calls: readonly ((engine: Engine) => Promise<unknown>)[]): Promise<void> {
    const expected = await Promise.all(calls.map((call) => outcome(call(this.memory))))
    for (const [kind, engine] of this.tested) {
      const actual = await Promise.all(calls.map((call) => outcome(call(engine))))
      deepStrictEqual(actual, expected, `${what} on ${kind} answers as the reference model does`)
    }
  }

  /** After every command: what is finished stays so until someone sends it round again, under a new fence. */
  async checkSteps(): Promise<void> {
    const jobs = (await this.memory.get(this.ids)).filter((job) => job !== null)
    for (const job of jobs) {
      const before = this.states.get(job.id)
      if (before === undefined) continue
      if (job.fence < before.fence) throw new Error(`the fence of ${job.id} fell`)
      if (isFinished(before.state) && job.state !== before.state && job.fence === before.fence) {
        throw new Error(`${job.id} was ${before.state} and became ${job.state} under the same fence`)
      }
    }
    this.states = new Map(jobs.map((job) => [job.id, job]))
  }

  /** After a program: everything that the contract shows is the same, and holds together. */
  async checkWhole(): Promise<void> {
    const expected = await takeSnapshot(this.memory)
    checkInvariants(expected)
    for (const [kind, engine] of this.tested) {
      const actual = await takeSnapshot(engine)
      deepStrictEqual(actual, expected, `the whole store of ${kind} is as the reference model is`)
    }
  }
}

/** All answers in one form: plain objects, counters in one order. */
const outcome = async (call: Promise<unknown>): Promise<Outcome> => {
  try {
    return { answer: structuredClone(await call) }
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string }
    if (code === undefined) throw error
    return { refused: code, message }
  }
}
