// A flow: three jobs run side by side, and one that waits for all of them is given their outputs.
// `npm run build`, then `node examples/fan-out-and-in.js`.
import { posthaste, task } from 'posthaste'

const count = task({ name: 'count', run: ({ text }) => text.split(' ').length })
const sum = task({
  name: 'sum',
  run: async (_, ctx) => {
    const parents = await ctx.parents() // by the names in the flow
    const failed = Object.values(parents).filter(({ state }) => state !== 'completed')
    const words = Object.values(parents).reduce((total, { output }) => total + Number(output ?? 0), 0)
    return `${words} words, ${failed.length} chapter missing`
  },
})

const ph = await posthaste({ engine: 'memory:', tasks: [count, sum] })
ph.work()

// All of it is stored in one step, or nothing.
const flow = await ph.flow({
  one: { task: count, payload: { text: 'it was a dark night' } },
  two: { task: count, payload: { text: 'the rain fell' } },
  // A chapter that cannot be read: its job ends dead at once …
  lost: { task: count, payload: {}, maxRetries: 0 },
  // … which would cancel what waits for it, if its edge did not say `run`.
  total: { task: sum, payload: null, after: { one: 'cancel', two: 'cancel', lost: 'run' } },
})
const total = await ph.waitFor(flow.total.id, { timeout: '10s' })
console.log(total.output)
console.log(total.parents.map(({ name }) => name).join(', '))

// Jobs that wait for each other are refused, and the circle is named.
await ph
  .flow({
    egg: { task: count, payload: { text: '' }, after: 'hen' },
    hen: { task: count, payload: { text: '' }, after: 'egg' },
  })
  .catch((error) => console.log(error.code))
await ph.close()
