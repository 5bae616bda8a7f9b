/**
 * A PgBouncer of our own before a PostgreSQL server, for tests: in transaction mode, on a free port of the loopback
 * interface, with its configuration in a temporary folder.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { lastLine, unpackPackages, updateLists } from './debian.js'

const START_TIMEOUT_MS = 20_000
const LOOK_EVERY_MS = 10
/** What a Debian without PgBouncer lacks to run it. */
const LIBRARIES = ['libc-ares2', 'libevent-2.1-7']

/**
 * @typedef {object} PgBouncer
 * @property {string} url   Of the same database, by way of PgBouncer; says that a pooler is there.
 * @property {() => Promise<void>} kill   Ends it without warning.
 * @property {() => Promise<void>} start  Starts it again after `kill`, on the same port.
 * @property {() => Promise<void>} stop   Ends it and removes its folder. Safe to repeat.
 */

/** @returns {string | undefined} */
const inPath = () =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']
    .map((folder) => join(folder, 'pgbouncer'))
    .find((file) => existsSync(file))

/** @returns {Promise<{ path: string, env: Record<string, string> }>} */
const findProgram = async () => {
  const found = inPath()
  if (found !== undefined) return { path: found, env: {} }
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-pgbouncer-program-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  // It runs as another user than root, who has to reach it.
  chmodSync(folder, 0o755)
  try {
    await updateLists()
    const env = await unpackPackages(folder, 'pgbouncer', LIBRARIES)
    return { path: join(folder, 'usr', 'sbin', 'pgbouncer'), env }
  } catch (error) {
    throw new Error(
      'There is no PgBouncer for the tests (pgbouncer is not in the PATH; apt-get download pgbouncer: ' +
        `${lastLine(error)}). Install it (Debian: apt-get install pgbouncer; macOS: brew install pgbouncer).`,
    )
  }
}

/** @type {ReturnType<typeof findProgram> | undefined} */
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

/** @param {number} port @returns {Promise<boolean>} */
const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (/** @type {boolean} */ isUp) => {
      socket.destroy()
      resolve(isUp)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })

/** Like PostgreSQL it refuses to run as root. @param {string} folder */
const userFor = (folder) => {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = ['-u', '-g'].map((which) => Number(execFileSync('id', [which, 'nobody'])))
  chownSync(folder, uid ?? 0, gid ?? 0)
  return { uid, gid }
}

/**
 * Starts a PgBouncer before a database. It lets everybody of this machine in, as the user of the URL.
 *
 * @param {string} postgresUrl
 * @returns {Promise<PgBouncer>}
 */
export const startPgBouncer = async (postgresUrl) => {
  sought ??= findProgram()
  const program = await sought
  const { hostname, port: serverPort, username, password, pathname } = new URL(postgresUrl)
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-pgbouncer-'))
  const port = await freePort()
  const database = pathname.slice(1)
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    [
      '[databases]',
      `${database} = host=${hostname} port=${serverPort} dbname=${database} user=${username}${password === '' ? '' : ` password=${decodeURIComponent(password)}`}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      'default_pool_size = 10',
      'max_client_conn = 200',
      'server_login_retry = 1',
      '',
    ].join('\n'),
  )
  const user = userFor(folder)
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child
  let said = ''

  const start = async () => {
    said = ''
    const started = spawn(program.path, [join(folder, 'pgbouncer.ini')], {
      ...user,
      cwd: folder,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child = started
    started.once('error', (error) => {
      said += error.message
    })
    started.stderr?.on('data', (data) => {
      said = (said + data).slice(-4_000)
    })
    const deadline = performance.now() + START_TIMEOUT_MS
    while (!(await listens(port))) {
      if (started.exitCode !== null || started.pid === undefined || performance.now() > deadline)
        throw new Error(`pgbouncer did not start: ${said.trim()}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }
  const kill = async () => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await ended
  }
  const killNow = () => void child?.kill('SIGKILL')
  process.on('exit', killNow)
  const stop = async () => {
    process.off('exit', killNow)
    await kill()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url: `postgres://${username}@127.0.0.1:${port}/${database}?pgbouncer=true`,
    kill,
    start,
    stop,
  }
}
