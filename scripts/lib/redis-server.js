/**
 * A Redis server of our own, for tests and benchmarks: on a free port of the loopback interface, in a temporary folder,
 * without a password, and with nothing on disk unless `settings` say so.
 */
import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { installPackage, lastLine, unpackPackages } from './debian.js'
import { givenFolder } from './programs.js'

/** How long the server may take to answer; it usually needs 20 ms, and more when it has much to load. */
const START_TIMEOUT_MS = 30_000
/** After this, a server that was told to stop is killed. */
const STOP_TIMEOUT_MS = 10_000
const LOOK_EVERY_MS = 5
/** What a Debian without Redis lacks to run it, beside the package in which the program is. */
const PACKAGES = ['redis-server', 'libatomic1', 'libjemalloc2', 'liblzf1']

/**
 * @typedef {object} Program
 * @property {string} path
 * @property {Record<string, string>} env  What it needs beside our own environment.
 */

/** @returns {string | undefined} */
const inPath = () =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']
    .map((folder) => join(folder, 'redis-server'))
    .find((file) => existsSync(file))

/** Unpacked once, for as long as this process lives. @returns {Promise<Program>} */
const unpackHere = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-redis-program-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const env = await unpackPackages(folder, 'redis-tools', PACKAGES)
  const path = join(folder, 'usr', 'bin', 'redis-server')
  if (!existsSync(path)) throw new Error('the packages hold no redis-server')
  return { path, env }
}

/** Looks for redis-server, and fetches it when there is none. @returns {Promise<Program>} */
const findProgram = async () => {
  const given = givenFolder()
  if (given !== undefined) {
    const path = join(given, 'redis-server')
    if (existsSync(path)) return { path, env: {} }
    throw missing([`redis-server is not in ${given}, which TEST_SERVER_PROGRAMS names`])
  }
  const found = inPath()
  if (found !== undefined) return { path: found, env: {} }
  const tried = ['redis-server is not in the PATH']
  try {
    await installPackage('redis-server')
    const installed = inPath()
    if (installed !== undefined) return { path: installed, env: {} }
  } catch (error) {
    tried.push(`apt-get install redis-server: ${lastLine(error)}`)
  }
  try {
    return await unpackHere()
  } catch (error) {
    tried.push(`apt-get download redis-server: ${lastLine(error)}`)
  }
  throw missing(tried)
}

/** @param {readonly string[]} tried */
const missing = (tried) =>
  new Error(
    `There is no Redis (${tried.join('; ')}). Install it (Debian: apt-get install redis-server; macOS: ` +
      'brew install redis), or set TEST_SERVER_PROGRAMS to the folder that holds it. For the tests, TEST_REDIS_URL can ' +
      'name a server instead, whose keys may be written.',
  )

/** @type {Promise<Program> | undefined} */
let sought

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })

/** Whether a server on this port answers, and has loaded its data. @param {number} port @returns {Promise<boolean>} */
const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (/** @type {boolean} */ isUp) => {
      socket.destroy()
      resolve(isUp)
    }
    socket.setTimeout(1_000, () => end(false))
    socket.once('error', () => end(false))
    // One that wants a password is up, too.
    socket.once('data', (data) => end(/^(\+PONG|-NOAUTH)/.test(data.toString())))
  })

/** How a log ends that nothing was cut off from. */
const WHOLE = Buffer.from('*1\r\n$4\r\nEXEC\r\n')

/**
 * The part of the log that is written to, and what `redis-check-aof` is told to look at, or null when there is none.
 *
 * @param {string} folder
 */
const logOf = (folder) => {
  const manifest = join(folder, 'appendonlydir', 'appendonly.aof.manifest')
  if (existsSync(manifest)) {
    const names = [...readFileSync(manifest, 'utf8').matchAll(/^file (\S+) seq \d+ type i$/gm)]
    const last = names.at(-1)?.[1]
    return last === undefined ? null : { file: join(folder, 'appendonlydir', last), whole: manifest }
  }
  // Before version 7.
  const single = join(folder, 'appendonly.aof')
  return existsSync(single) ? { file: single, whole: single } : null
}

/**
 * Takes half a transaction out of the log of a server that was killed in the middle of a write. A server that starts
 * with one forgets it, as it should, but leaves its beginning in the file, and carries that out together with what is
 * written next when it starts once more (https://github.com/valkey-io/valkey/pull/4342). The program's own repair, which
 * operators are told to run, cuts before the transaction. It is the same program under another name.
 *
 * @param {Program} program
 * @param {string} folder
 */
const mendLog = async (program, folder) => {
  const log = logOf(folder)
  if (log === null) return
  const { size } = statSync(log.file)
  const tail = Buffer.alloc(Math.min(size, WHOLE.length))
  const descriptor = openSync(log.file, 'r')
  readSync(descriptor, tail, 0, tail.length, size - tail.length)
  closeSync(descriptor)
  if (size === 0 || tail.equals(WHOLE)) return
  const mending = spawn(program.path, ['--fix', log.whole], {
    argv0: 'redis-check-aof',
    env: { ...process.env, ...program.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  mending.stdout.on('data', (data) => {
    said += data
  })
  mending.stdin.end('y\n')
  const code = await new Promise((resolve, reject) => mending.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`redis-check-aof could not mend ${log.file}: ${said.trim()}`)
}

/**
 * @typedef {object} RedisServer
 * @property {string} url
 * @property {number} port
 * @property {string} folder  Where its data is.
 * @property {() => number} pid
 * @property {(signal?: NodeJS.Signals) => Promise<void>} halt  Stops it, or kills it with a signal, and keeps its data.
 * @property {() => Promise<void>} start  Starts it again after `halt`, on the same port, with the same data.
 * @property {() => Promise<void>} stop   Stops it and removes its data. Safe to repeat.
 */

/**
 * Starts a server.
 *
 * @param {Readonly<Record<string, string>>} [settings]  Of redis.conf, for this server.
 * @returns {Promise<RedisServer>}
 */
export const startRedisServer = async (settings = {}) => {
  sought ??= findProgram()
  const program = await sought
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-redis-'))
  const port = await freePort()
  const all = { bind: '127.0.0.1', port: String(port), dir: folder, save: '', ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child
  let log = ''

  const start = async () => {
    log = ''
    await mendLog(program, folder)
    const started = spawn(program.path, args, {
      env: { ...process.env, ...program.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (data) => {
        log = (log + data).slice(-4_000)
      })
    }
    let isGone = false
    started.once('error', (error) => {
      log += error.message
      isGone = true
    })
    const deadline = performance.now() + START_TIMEOUT_MS
    while (!(await answers(port))) {
      if (isGone || started.exitCode !== null || performance.now() > deadline) {
        throw new Error(`redis-server did not start: ${log.trim()}`)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }
  /** @param {NodeJS.Signals} [signal] */
  const halt = async (signal = 'SIGTERM') => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    const timer = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS)
    running.kill(signal)
    await ended
    clearTimeout(timer)
  }
  const killNow = () => void child?.kill('SIGKILL')
  const stop = async () => {
    process.off('exit', killNow)
    await halt('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  // A program that fails takes its server with it.
  process.on('exit', killNow)
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `redis://127.0.0.1:${port}`, port, folder, pid: () => child?.pid ?? 0, halt, start, stop }
}
