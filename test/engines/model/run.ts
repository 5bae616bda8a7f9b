import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Engine } from '../../../src/engines/engine.ts'
import { createSqliteEngine } from '../../../src/engines/sqlite/index.ts'
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

/**
 * Runs random programs on the memory engine and on sqlite, and compares every answer, and at the end everything.
 * MODEL_SEED, MODEL_PATH and MODEL_REPLAY repeat a run that failed: its message names all three.
 */
export const runPrograms = async (runs: number): Promise<Tally> => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-model-'))
  const template = join(folder, 'empty.db')
  const tally = new Tally()
  let programs = 0

  const open = async (path: string, clock: ManualClock): Promise<Engine> => {
    // Durability is not what this looks at; without its syncs, ten times as many programs fit into the same time.
    const engine = asAskedFor(createSqliteEngine({ path, clock, synchronous: 'normal', thread: false }))
    await engine.open()
    return engine
  }

  const program = async (first: readonly DrawnJob[], commands: Iterable<fc.AsyncCommand<World, World>>) => {
    const clock = new ManualClock()
    const path = join(folder, `${++programs}.db`)
    copyFileSync(template, path)
    const world: World = new World(clock, await open(path, clock), reopen, tally)
    async function reopen(): Promise<Engine> {
      await world.tested.close()
      return await open(path, clock)
    }
    try {
      await world.memory.open()
      await insert(world, withIds(world, first))
      await fc.asyncModelRun(() => ({ model: world, real: world }), commands)
      await world.checkWhole()
    } finally {
      await world.tested.close()
      for (const suffix of ['', '-wal', '-shm', '-bell', '-news']) rmSync(`${path}${suffix}`, { force: true })
    }
  }

  try {
    await (await open(template, new ManualClock(0))).close()
    const wal = statSync(`${template}-wal`, { throwIfNoEntry: false })
    if ((wal?.size ?? 0) > 0) throw new Error('an engine that is closed leaves everything in one file')
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
    rmSync(folder, { recursive: true, force: true })
  }
}
