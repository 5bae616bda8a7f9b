import fc from 'fast-check'
import type { Engine } from '../../../src/engines/engine.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { asAskedFor } from '../planted.ts'
import { adding, insert, withIds } from './adding.ts'
import { type DrawnJob, job } from './arbitraries.ts'
import { operating } from './operating.ts'
import { reading } from './reading.ts'
import { working } from './working.ts'
import { Tally, World } from './world.ts'

export const KINDS = [...adding, ...working, ...operating, ...reading]

/** A program has up to so many commands. */
const COMMANDS_MAX = 50

const env = (name: string): string | undefined => process.env[name] || undefined

/** The stores that are tested, one for each program. */
export interface Stores {
  /** An engine, not open yet, on the store of a program: an empty one when it is the first of that program. */
  create(program: number, clock: ManualClock): Promise<Engine>
  /** A program is over. */
  remove(program: number): void
  /** All are over. */
  end(): Promise<void>
}

/** Which engines take part, by kind. */
export type Tested = Readonly<Record<string, Stores>>

export interface RunOptions {
  /** Ends at the first program that fails, and looks for no smaller one that does. Default false. */
  readonly isQuick?: boolean
}

/**
 * Runs random programs on the memory engine and on others at once, and compares every answer, and at the end everything.
 * MODEL_SEED, MODEL_PATH and MODEL_REPLAY repeat a run that failed: its message names all three.
 */
export const runPrograms = async (
  runs: number,
  tested: Tested,
  { isQuick = false }: RunOptions = {},
): Promise<Tally> => {
  const tally = new Tally()
  let programs = 0

  const program = async (first: readonly DrawnJob[], commands: Iterable<fc.AsyncCommand<World, World>>) => {
    const clock = new ManualClock()
    const number = ++programs
    const engines = new Map<string, Engine>()
    const open = async (): Promise<void> => {
      for (const [kind, stores] of Object.entries(tested)) {
        const engine = asAskedFor(await stores.create(number, clock))
        engines.set(kind, engine)
        await engine.open()
      }
    }
    const close = async (): Promise<void> => {
      for (const engine of engines.values()) await engine.close()
    }
    const reopen = async (): Promise<void> => {
      await close()
      await open()
    }
    const world = new World(clock, engines, reopen, tally)
    try {
      await open()
      await world.memory.open()
      await insert(world, withIds(world, first))
      await fc.asyncModelRun(() => ({ model: world, real: world }), commands)
      await world.checkWhole()
    } finally {
      await close()
      for (const stores of Object.values(tested)) stores.remove(number)
    }
  }

  try {
    const seed = Number(env('MODEL_SEED') ?? Date.now() % 2 ** 31)
    const [path, replayPath] = [env('MODEL_PATH'), env('MODEL_REPLAY')]
    console.info(`model: MODEL_SEED=${seed} runs these ${runs} programs again`)
    const commands = fc.commands(
      // What jobs live on comes twice as often as the rest.
      [...KINDS, ...working, ...operating].map(({ arbitrary }) => arbitrary),
      { maxCommands: COMMANDS_MAX, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) },
    )
    // A store that is not empty gives every command something to work on.
    const first = fc.array(job, { maxLength: 12, size: 'max' })
    const parameters = { numRuns: runs, seed, endOnFailure: isQuick, ...(path === undefined ? {} : { path }) }
    await fc.assert(fc.asyncProperty(fc.noBias(first), fc.noBias(commands), program), parameters)
    return tally
  } finally {
    for (const stores of Object.values(tested)) await stores.end()
  }
}
