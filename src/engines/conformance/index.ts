import type { Clock } from '../../core/clock.ts'
import { ManualClock } from '../../core/manual-clock.ts'
import type { Engine } from '../engine.ts'
import { guaranteeOf } from './guarantees.ts'
import { Lab } from './lab.ts'
import { checkInvariants } from './snapshot.ts'
import { subjects } from './subjects.ts'

// What an engine outside this repository is written with, beside the suite that it has to pass.
export type * from '../../core/job.ts'
export { ManualClock } from '../../core/manual-clock.ts'
export { checks } from '../checks.ts'
export type * from '../engine.ts'
export type { Clock }

/** An engine on an empty store of its own, opened, that takes its time from `clock`. The suite closes it. */
export type CreateEngine = (options: { readonly clock: Clock }) => Promise<Engine>

/** What the suite needs of a test runner; vitest, node:test, mocha and jest all fit. */
export interface Runner {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
}

export interface ConformanceOptions {
  /** False for an engine whose hints do not arrive within seconds; the contract allows it to lose them. Default true. */
  readonly hints?: boolean
}

export interface ConformanceCase {
  readonly subject: string
  /** A sentence, unique within its subject. */
  readonly name: string
  /** What the case proves, as in docs/guarantees.md. */
  readonly guarantee: string
  /** Rejects when the engine does not do what the sentence says. */
  run(createEngine: CreateEngine): Promise<void>
}

/** Every case, for runners of any kind. Each one runs on a store of its own, so order and number are free. */
export const conformanceCases = ({ hints = true }: ConformanceOptions = {}): ConformanceCase[] =>
  subjects
    .filter((subject) => hints || subject.hints !== true)
    .flatMap(({ subject, cases }) =>
      Object.entries(cases).map(([name, check]) => ({
        subject,
        name,
        guarantee: guaranteeOf(subject, name),
        async run(createEngine) {
          const clock = new ManualClock()
          const engine = await createEngine({ clock })
          try {
            const lab = new Lab(engine, clock)
            await check(lab)
            if (!lab.isDone) checkInvariants(await lab.snapshot())
          } finally {
            await engine.close()
          }
        },
      })),
    )

/**
 * Registers every case with a test runner:
 *
 *     conformance(({ clock }) => openMyEngine({ clock }), { describe, it })
 *
 * An engine that passes keeps the promises on which the runtime is built.
 */
export const conformance = (
  createEngine: CreateEngine,
  runner: Runner,
  options: ConformanceOptions = {},
): void => {
  const cases = conformanceCases(options)
  for (const subject of new Set(cases.map((one) => one.subject))) {
    runner.describe(subject, () => {
      for (const one of cases) if (one.subject === subject) runner.it(one.name, () => one.run(createEngine))
    })
  }
}
