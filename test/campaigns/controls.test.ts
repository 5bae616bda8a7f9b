import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Posthaste, posthaste } from 'posthaste'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startRedisServer } from '../../scripts/lib/redis-server.js'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { createRedisEngine } from '../../src/engines/redis/index.ts'
import { plant } from '../engines/planted.ts'
import { newRedisUrl } from '../servers/redis.ts'
import { check } from './checker.ts'
import { drain, everyJob, pause } from './drain.ts'
import { openLedger, readLedgers } from './ledger.mjs'
import { recordEnds, workTask } from './processes/work-task.mjs'

/** What the campaigns are worth shows when they meet a store that is wrong: the checker has to turn red. */
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthaste-controls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

const NEVER_LATE = { recoveryMs: Number.POSITIVE_INFINITY, poison: new Set<string>() }

describe('a store that forgets', () => {
  it.each([
    ['without a log of its writes is caught', {}, true],
    ['that syncs every write is not', { appendonly: 'yes', appendfsync: 'always' }, false],
  ] as const)('%s', async (_name, config, isCaught) => {
    const server = await startRedisServer(config)
    onTestFinished(server.stop)
    const ledger = openLedger(folder, 'adder')
    const ph = await posthaste({ engine: server.url })
    onTestFinished(() => ph.close())
    for (let n = 0; n < 20; n++) ledger.write({ what: 'added', id: (await ph.add('work', { ms: 0 })).id })
    await server.halt('SIGKILL')
    ledger.write({ what: 'down' })
    await server.start()
    const found = await everyJob(await posthasteAgain(server.url))
    const { violations } = check(readLedgers(folder), found, NEVER_LATE)
    expect(violations.some((text) => text.includes('is not in the store'))).toBe(isCaught)
  })

  it('and says for how long it may is forgiven that, and no more', () => {
    const lines = [
      { t: 1_000, actor: 'a', what: 'added', id: 'early' },
      { t: 2_500, actor: 'a', what: 'added', id: 'late' },
      { t: 3_000, actor: 'driver', what: 'down' },
    ] as const
    const { violations, figures } = check(lines, [], { ...NEVER_LATE, lossMs: 1_000 })
    expect(violations).toEqual(['lost: early was acknowledged and is not in the store'])
    expect(figures.forgotten).toBe(1)
  })
})

const posthasteAgain = async (engine: string): Promise<Posthaste> => {
  const ph = await posthaste({ engine })
  onTestFinished(() => ph.close())
  return ph
}

/** A machine whose time hardly passes: it believes in its leases long after the store gave them to others. */
const sleepyClock = (): Clock => {
  const from = systemClock.monotonic()
  const slower = 50
  return {
    ...systemClock,
    monotonic: () => from + (systemClock.monotonic() - from) / slower,
    setTimer: (callback, ms, options) =>
      systemClock.setTimer(callback, Math.min(ms * slower, 2 ** 31 - 1), options),
  }
}

describe('a worker that comes too late', () => {
  const settings = { lease: 400, heartbeat: 100, sweep: 100 }

  /** A sleepy worker begins a job, loses it to one that is awake, and brings its result all the same. */
  const comeLate = async (bug: string | null): Promise<string[]> => {
    const url = newRedisUrl()
    const [sleepy, awake] = [openLedger(folder, 'sleepy'), openLedger(folder, 'awake')]
    // Nor does it hear that anything happened to its job.
    const engine = { ...createRedisEngine({ url }), listen: async () => ({ close: async () => {} }) }
    const late = await posthaste({
      ...settings,
      engine: bug === null ? engine : plant(engine, bug),
      tasks: [workTask(sleepy, 'sleepy')],
      clock: sleepyClock(),
    })
    onTestFinished(() => late.close({ grace: 0 }))
    recordEnds(late, sleepy)
    const { id } = await late.add('work', { ms: 1_500 })
    awake.write({ what: 'added', id })
    late.work({ heartbeat: 133 })
    const begun = (actor: string) => () =>
      readLedgers(folder).some((line) => line.what === 'start' && line.actor === actor)
    while (!begun('sleepy')()) await pause(10)
    // From now on only the fence protects the job.
    awake.write({ what: 'freeze', victim: 'sleepy' })
    const prompt = await posthaste({ ...settings, engine: url, tasks: [workTask(awake, 'awake')] })
    onTestFinished(() => prompt.close())
    recordEnds(prompt, awake)
    prompt.work()
    while (!begun('awake')()) await pause(10)
    await drain(prompt, async () => {})
    return check(readLedgers(folder), await everyJob(prompt), NEVER_LATE).violations
  }

  it('is refused by the store', async () => {
    expect(await comeLate(null)).toEqual([])
  })

  it('is caught when the store forgot to look at the fence', async () => {
    expect((await comeLate('settle-ignores-fence')).join()).toMatch(/stolen: .* with the result of sleepy/)
  })
})
