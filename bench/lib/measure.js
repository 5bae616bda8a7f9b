import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A measurement that takes longer than this is given up; ten million rows of history take a while. */
const MEASURE_TIMEOUT_MS = 45 * 60_000

const script = fileURLToPath(new URL('measure-process.js', import.meta.url))

/** @type {import('node:child_process').ChildProcess | undefined} */
let running

/**
 * One measurement, in a process of its own.
 *
 * @param {string} engine
 * @param {string} caseName
 * @param {string} system
 * @param {number} size
 * @param {import('./types.js').Place} place
 * @returns {Promise<import('./types.js').Measured>}
 */
export const measure = async (engine, caseName, system, size, { url, folder, prepared }) => {
  const args = [script, engine, caseName, system, String(size), JSON.stringify({ url, folder, prepared })]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: MEASURE_TIMEOUT_MS,
  })
  running = child
  let said = ''
  child.stdout.on('data', (data) => {
    said += data
  })
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (...end) => resolve(end))
  })
  running = undefined
  if (code !== 0) throw new Error(`${caseName} of ${system} on ${engine} failed with ${code ?? signal}`)
  return JSON.parse(said.trim().split('\n').at(-1) ?? '')
}

/** Ends the measurement under way; its worker processes end with it. */
export const stopMeasuring = () => {
  running?.kill('SIGKILL')
}
