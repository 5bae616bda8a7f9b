// A worker with a job of three steps, which the test kills between two of them. Every time that a step's work begins it
// leaves a line in a file: what stands there twice was done twice.
import { appendFileSync } from 'node:fs'
import { posthaste, task } from 'posthaste'

const { engine, file, actor, stopBefore } = JSON.parse(process.argv[2] ?? '{}')
const trace = task({ name: 'trace', run: (payload) => payload })

const pack = task({
  name: 'pack',
  run: async (_, ctx) => {
    const work = (name) => () => {
      appendFileSync(file, `${name}\n`)
      return `${name} by ${actor}`
    }
    const one = await ctx.step('one', work('one'))
    const [left, right] = await Promise.all([
      ctx.step('left', work('left')),
      ctx.step('right', work('right')),
    ])
    ctx.add(trace, 'added by the run')
    if (stopBefore === 'last') {
      // The test's turn: it kills this process here.
      appendFileSync(file, 'waits\n')
      await new Promise(() => {})
    }
    const last = await ctx.step('last', work('last'))
    return [one, left, right, last]
  },
})

const ph = await posthaste({ engine, tasks: [pack, trace], lease: '1s', sweep: '250ms' })
ph.work()
process.stdout.write('ready\n')
process.on('SIGTERM', () => ph.close().then(() => process.exit(0)))
