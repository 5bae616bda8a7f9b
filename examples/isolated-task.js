// A handler in a process of its own: what crashes there does no harm here. `npm run build`, then
// `node examples/isolated-task.js`.
import { posthaste } from 'posthaste'
import { countWords } from './tasks/words.js'

const ph = await posthaste({ engine: 'memory:', tasks: [countWords] })
const worker = ph.work({ concurrency: 2 })

const good = await ph.add(countWords, { text: 'to be or not to be' })
const bad = await ph.add(countWords, { text: 'crash' })

const counted = await ph.waitFor(good.id)
console.log(`${counted.state}:`, counted.output)
for (const { message } of await ph.logs(good.id)) console.log('log:', message)

const crashed = await ph.waitFor(bad.id)
console.log(`${crashed.state} after ${crashed.attempt} attempts, reason: ${crashed.reason}`)
console.log(crashed.lastError?.message)
console.log('the worker is', worker.mode)

await ph.close()
