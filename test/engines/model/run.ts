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

/**
 * Runs random programs on the memory engine and on another one, and compares every answer, and at the end everything.
 * MODEL_SEED, MODEL_PATH and MODEL_REPLAY repeat a run that failed: its message names all three.
 */
export const runPrograms = async (runs: number, stores: Stores): Promise<Tally> => {
  const tally = new Tally()
  let programs = 0

  const open = async (number: number, clock: ManualClock): Promise<Engine> => {
    const engine = asAskedFor(await stores.create(number, clock))
    await engine.open()
    return engine
  }

  const program = async (first: readonly DrawnJob[], commands: Iterable<fc.AsyncCommand<World, World>>) => {
    const clock = new ManualClock()
    const number = ++programs
    const world: World = new World(clock, await open(number, clock), reopen, tally)
    async function reopen(): Promise<Engine> {
      await world.tested.close()
      return await open(number, clock)
    }
    try {
      await world.memory.open()
      await insert(world, withIds(world, first))
      await fc.asyncModelRun(() => ({ model: world, real: world }), commands)
      await world.checkWhole()
    } finally {
      await world.tested.close()
      stores.remove(number)
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
    const parameters = { numRuns: runs, seed, ...(path === undefined ? {} : { path }) }
    await fc.assert(fc.asyncProperty(fc.noBias(first), fc.noBias(commands), program), parameters)
    return tally
  } finally {
    await stores.end()
  }
}
