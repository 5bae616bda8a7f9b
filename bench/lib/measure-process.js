// One measurement in a process of its own: `node measure-process.js ENGINE CASE SYSTEM SIZE PLACE` prints one line of JSON.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CASES } from '../cases/index.js'
import { systemOf } from './systems.js'

const [engine = '', caseName, name = '', size, place = ''] = process.argv.slice(2)
const benchCase = CASES.find((one) => one.name === caseName)
if (benchCase === undefined) throw new Error(`no case ${caseName}`)

/** @type {import('./types.js').CaseContext['spawnWorker']} */
const spawnWorker = async ({ concurrency, counting = false }) => {
  const script = fileURLToPath(new URL('worker-process.js', import.meta.url))
  const child = fork(script, [engine, name, place, String(concurrency), ...(counting ? ['counting'] : [])], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let ran = 0
  /** @type {Map<string, (answer: any) => void>} */
  const waiting = new Map()
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.on('message', (/** @type {any} */ message) => {
    if (message.ran !== undefined) ran = message.ran
    if (message.done !== undefined) waiting.get(message.done)?.(message.answer)
  })
  /** @param {string} order @returns {Promise<any>} */
  const answered = (order) =>
    Promise.race([
      new Promise((resolve) => waiting.set(order, resolve)),
      ended.then(() => Promise.reject(new Error(`the worker process of ${name} ended early`))),
    ])
  /** @param {string} order */
  const give = (order) => {
    const answer = answered(order)
    child.send(order)
    return answer
  }
  await answered('open')
  return {
    pid: child.pid ?? 0,
    ran: () => ran,
    work: () => give('work'),
    rest: () => give('rest'),
    stop: async () => {
      const report = await give('stop')
      await ended
      return report
    },
  }
}

const measured = await benchCase.run({
  open: async () => {
    const { open } = await systemOf(engine, name).load()
    return await open({ ...JSON.parse(place), onRun: () => null })
  },
  size: Number(size),
  system: name,
  place: JSON.parse(place),
  spawnWorker,
})
process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0))
