/**
 * A PostgreSQL server of our own, for tests and benchmarks: on a free port of the loopback interface, in a temporary
 * folder, with its default durability (fsync and synchronous_commit on).
 */
import { execFile, spawn } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { givenFolder } from './programs.js'

/** How long initdb, the start and the stop may each take; a loaded machine needs some seconds. */
const STEP_TIMEOUT_MS = 60_000
/** After this, a server that was told to stop is killed. */
const STOP_TIMEOUT_MS = 15_000
const LOOK_EVERY_MS = 20

/** Where Linux distributions and Homebrew keep the programs that are not in the PATH: a folder for each version. */
const FOLDERS = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt', '/usr/pgsql']

/**
 * @typedef {object} PostgresServer
 * @property {string} url   Of its superuser and an empty database.
 * @property {number} pid
 * @property {string} folder  Where its data is.
 * @property {string} version
 * @property {() => Promise<void>} stop  Stops it and removes its data. Safe to repeat.
 * @property {(mode: 'fast' | 'immediate') => Promise<void>} halt  Stops it and keeps its data.
 * @property {() => Promise<void>} start  Starts it again after `halt`, on the same port.
 */

/** @param {string} program */
const inPath = (program) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file))

/**
 * Folders that hold both `initdb` and `postgres`, the newest version first; and where was looked.
 *
 * @returns {{ found: string | undefined, tried: string[] }}
 */
const findPrograms = () => {
  const given = givenFolder()
  if (given !== undefined) {
    const found = ['initdb', 'postgres'].every((name) => existsSync(join(given, name))) ? given : undefined
    return { found, tried: [`${given} (TEST_SERVER_PROGRAMS)`] }
  }
  const versions = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^(postgresql@?)?\d+$/.test(name))
      .sort((a, b) => Number.parseInt(b.replace(/\D/g, ''), 10) - Number.parseInt(a.replace(/\D/g, ''), 10))
      .map((name) => join(folder, name, 'bin')),
  )
  // A link in the PATH leads to the folder in which the other programs are.
  const initdb = inPath('initdb')
  const candidates = [...(initdb === undefined ? [] : [join(realpathSync(initdb), '..')]), ...versions]
  const found = candidates.find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
  )
  return { found, tried: ['the PATH', ...FOLDERS.map((folder) => `${folder}/*/bin`)] }
}

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

/**
 * The user that the server runs as. PostgreSQL refuses to run as root; then it runs as nobody.
 *
 * @returns {Promise<{ uid: number, gid: number } | undefined>}
 */
const serverUser = async () => {
  if (process.getuid?.() !== 0) return undefined
  /** @param {'-u' | '-g'} which */
  const number = (which) =>
    new Promise((resolve, reject) => {
      execFile('id', [which, 'nobody'], (error, out) => (error ? reject(error) : resolve(Number(out))))
    })
  return { uid: await number('-u'), gid: await number('-g') }
}

/**
 * Runs a program to its end; rejects with what it printed when it fails.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {import('node:child_process').ExecFileOptions} options
 */
const runProgram = (program, args, options) =>
  new Promise((resolve, reject) => {
    execFile(program, args, { ...options, timeout: STEP_TIMEOUT_MS }, (error, out, err) => {
      if (error) reject(new Error(`${program} failed: ${err || out || error.message}`))
      else resolve(String(out))
    })
  })

/**
 * Starts a server from the programs of this machine.
 *
 * @param {object} [options]
 * @param {Record<string, string | number>} [options.settings]  Of postgresql.conf, for this server.
 * @param {string} [options.password]  Of its superuser; without one, every connection of this machine is let in.
 * @returns {Promise<PostgresServer>}
 */
export const startPostgresServer = async ({ settings = {}, password } = {}) => {
  const { found, tried } = findPrograms()
  if (found === undefined) {
    throw new Error(
      `There is no PostgreSQL. Looked for initdb and postgres in ${tried.join(', ')}. ` +
        'Install it (Debian: apt-get install postgresql; macOS: brew install postgresql), or set ' +
        'TEST_SERVER_PROGRAMS to the folder that holds both. For the tests, TEST_POSTGRES_URL can name a database ' +
        'instead, whose user may create schemas.',
    )
  }
  const user = await serverUser()
  const root = mkdtempSync(join(tmpdir(), 'posthaste-postgres-'))
  const folder = join(root, 'data')
  mkdirSync(folder)
  if (user !== undefined) for (const path of [root, folder]) chownSync(path, user.uid, user.gid)
  const options = { cwd: root, env: { PATH: process.env.PATH, LC_ALL: 'C' }, ...user }
  try {
    const secret = join(root, 'password')
    if (password !== undefined) writeFileSync(secret, password)
    if (user !== undefined && password !== undefined) chownSync(secret, user.uid, user.gid)
    const login = password === undefined ? ['-A', 'trust'] : ['-A', 'scram-sha-256', '--pwfile', secret]
    const initdb = ['-D', folder, '-U', 'postgres', ...login, '-E', 'UTF8', '--no-sync']
    await runProgram(join(found, 'initdb'), [...initdb, '--locale=C'], options)
    const version = (await runProgram(join(found, 'postgres'), ['--version'], options)).trim()
    const port = await freePort()
    return await launch({ found, folder, root, port, version, options, settings })
  } catch (error) {
    rmSync(root, { recursive: true, force: true })
    throw error
  }
}

/**
 * @param {object} given
 * @param {string} given.found
 * @param {string} given.folder
 * @param {string} given.root
 * @param {number} given.port
 * @param {string} given.version
 * @param {import('node:child_process').SpawnOptions} given.options
 * @param {Record<string, string | number>} given.settings
 * @returns {Promise<PostgresServer>}
 */
const launch = async ({ found, folder, root, port, version, options, settings }) => {
  const all = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    ...settings,
  }
  const args = ['-D', folder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child
  let said = ''

  const isReady = () => /database system is ready to accept connections/.test(said)
  // Whoever ends without having stopped it takes it along.
  const abandon = () => void child?.kill('SIGQUIT')
  process.once('exit', abandon)

  const start = async () => {
    said = ''
    const started = spawn(join(found, 'postgres'), args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    child = started
    started.stderr?.on('data', (data) => {
      // What it says later is not wanted, and must not fill the memory of a long run.
      if (said.length < 65_536) said += data
    })
    const deadline = performance.now() + STEP_TIMEOUT_MS
    while (!isReady()) {
      if (started.exitCode !== null || performance.now() > deadline) {
        started.kill('SIGKILL')
        throw new Error(`PostgreSQL did not start: ${said.trim()}`)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }

  /** @param {NodeJS.Signals} signal */
  const end = async (signal) => {
    const ending = child
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const ended = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
  }

  await start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    pid: child?.pid ?? 0,
    folder,
    version,
    start,
    // SIGINT asks for a fast stop, SIGQUIT for an immediate one, after which the log has to be replayed.
    halt: (mode) => end(mode === 'immediate' ? 'SIGQUIT' : 'SIGINT'),
    stop: async () => {
      process.off('exit', abandon)
      await end('SIGQUIT')
      rmSync(root, { recursive: true, force: true })
    },
  }
}
