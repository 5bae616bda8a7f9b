/**
 * `npm run torture -- --minutes N [--engine sqlite|postgres|redis] [--seed S]`: every campaign against killed processes,
 * dying servers and broken networks, for as long as you like, each time with other moments and victims. Prints seeds and
 * figures; ends with 1 when any promise was broken.
 */
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inSeconds, ROOT, requireNode, run } from './lib/run.js'

/** What a campaign takes beyond the time that it is given: starting, draining, checking. */
const BEYOND_MS = 20 * 60_000

/**
 * @typedef {object} Campaign
 * @property {string} name
 * @property {readonly string[]} engines
 * @property {(engine: string) => readonly string[]} args  For Vitest.
 */

/** @param {string} file */
const campaign = (file) => ['--project', 'campaigns', `test/campaigns/${file}.test.ts`]
/** @param {string} engine */
const named = (engine) => ['-t', engine]

/** @type {readonly Campaign[]} */
const CAMPAIGNS = [
  { name: 'controls', engines: ['redis'], args: () => campaign('controls') },
  { name: 'workers are killed', engines: ['sqlite'], args: () => campaign('kill-workers') },
  {
    name: 'workers are killed at full speed',
    engines: ['sqlite', 'postgres', 'redis'],
    args: (engine) => [...campaign('kill-busy'), ...named(engine)],
  },
  { name: 'the server is killed', engines: ['sqlite'], args: () => campaign('kill-server') },
  {
    name: 'stores and workers are killed',
    engines: ['postgres', 'redis'],
    args: (engine) => [...campaign('kill-stores'), ...named(engine)],
  },
  {
    name: 'holders of the only permit are killed',
    engines: ['sqlite', 'postgres', 'redis'],
    args: (engine) => [...campaign('kill-limits'), ...named(engine)],
  },
  {
    name: 'machines are cut off',
    engines: ['postgres', 'redis'],
    args: (engine) => [...campaign('machines'), ...named(engine)],
  },
  {
    name: 'the network fails in every way',
    engines: ['postgres', 'redis'],
    args: (engine) => ['--project', 'slow', 'test/engines/network.slow.test.ts', ...named(engine)],
  },
]

/** @param {string} what @returns {never} */
const refuse = (what) => {
  console.error(`${what}\nUsage: npm run torture -- --minutes N [--engine sqlite|postgres|redis] [--seed S]`)
  process.exit(2)
}

const options = () => {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        engine: { type: 'string' },
        seed: { type: 'string' },
      },
    })
    return values
  } catch (error) {
    return refuse(/** @type {Error} */ (error).message)
  }
}

requireNode()
const given = options()
const minutes = Number(given.minutes)
if (!(minutes > 0)) refuse('--minutes is how long it goes on, such as 30.')
if (given.engine !== undefined && !['sqlite', 'postgres', 'redis'].includes(given.engine))
  refuse(`There is no campaign on ${given.engine}.`)
if (given.seed !== undefined && !/^\d{1,10}$/.test(given.seed)) refuse('--seed is a whole number.')

const build = await run([join(ROOT, 'scripts', 'build.js')])
if (!build.ok) {
  console.error(build.output)
  process.exit(1)
}
const runs = CAMPAIGNS.flatMap(({ name, engines, args }) =>
  engines
    .filter((engine) => given.engine === undefined || engine === given.engine)
    .map((engine) => ({ name: `${engine}: ${name}`, args: args(engine) })),
)
const seconds = Math.round((60 * minutes) / runs.length)
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const broken = []
for (const { name, args } of runs) {
  const seed = given.seed ?? String(randomInt(2 ** 32 - 1))
  console.log(`\n▸ ${name}, for ${seconds} s, seed ${seed}`)
  const result = await run([vitest, 'run', '--reporter=default', ...args], {
    timeoutMs: 3_000 * seconds + BEYOND_MS,
    env: { ...process.env, NO_COLOR: '1', CAMPAIGN_SECONDS: String(seconds), CAMPAIGN_SEED: seed },
  })
  const figures = result.output.split('\n').filter((line) => /^[^{}]+: \{"/.test(line))
  console.log(result.ok ? figures.join('\n') : result.output)
  console.log(`${result.ok ? '✓' : '✗'} ${name} (${inSeconds(result.seconds)})`)
  if (!result.ok) broken.push(`${name}, seed ${seed}`)
}
console.log(`\n${runs.length - broken.length} of ${runs.length} campaigns kept every promise.`)
for (const one of broken) console.log(`✗ ${one}`)
process.exitCode = broken.length === 0 ? 0 : 1
