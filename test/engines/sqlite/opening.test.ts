import { spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSafeVersion } from '../../../src/engines/sqlite/driver.ts'
import { createSqliteEngine } from '../../../src/engines/sqlite/index.ts'
import { buildEngine, removeBuild } from './built.ts'
import { codeOf, integrityOf, newFolder, newJob, openEngine, openHandle } from './lab.ts'

let module = ''
beforeAll(() => {
  module = buildEngine()
})
afterAll(() => removeBuild(module))

const opening = (path: string, openTimeoutMs = 100) =>
  codeOf(createSqliteEngine({ path, thread: false, openTimeoutMs }).open())

/** What the engine, in a process without root's rights, says about a file. */
const openingAsNobody = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const script = `
      const { createSqliteEngine } = await import(${JSON.stringify(module)})
      process.setgid?.(65534)
      process.setuid?.(65534)
      const engine = createSqliteEngine({ path: ${JSON.stringify(path)}, thread: false, openTimeoutMs: 100 })
      process.stdout.write(await engine.open().then(() => 'no error', (error) => String(error.code)))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    let said = ''
    child.stdout.on('data', (data) => {
      said += data
    })
    child.on('error', reject)
    child.on('exit', () => resolve(said))
  })

describe('opening a database file', () => {
  it('makes the file for its owner alone, in WAL mode, and opens it again', async () => {
    const path = join(newFolder(), 'jobs.db')
    const engine = await openEngine({ path, thread: false })
    const job = newJob()
    await engine.insert([job])
    for (const suffix of ['', '-wal', '-shm', '-bell', '-news']) {
      expect(statSync(path + suffix).mode & 0o777, suffix).toBe(0o600)
    }
    await engine.close()
    const again = await openEngine({ path, thread: false })
    expect((await again.get([job.id]))[0]?.state).toBe('ready')
    expect(again.info()).toMatchObject({
      kind: 'sqlite',
      durability: 'system',
      schemaVersion: 3,
      location: path,
    })
  })

  it('is refused while another program holds the file locked, and works when it lets go', async () => {
    const path = join(newFolder(), 'jobs.db')
    await (await openEngine({ path, thread: false })).close()
    const other = await openHandle(path)
    other.exec('begin exclusive')
    expect(await opening(path)).toBe('E_STORE_LOCKED')
    other.exec('rollback')
    expect(await opening(path)).toBe('no error')
  })

  it('is refused when the file, or its folder, cannot be written', async () => {
    const folder = newFolder()
    const path = join(folder, 'jobs.db')
    await (await openEngine({ path, thread: false })).close()
    chmodSync(path, 0o444)
    chmodSync(folder, 0o555)
    const answer = process.getuid?.() === 0 ? await openingAsNobody(path) : await opening(path)
    expect(answer).toBe('E_STORE_READ_ONLY')
    const missing = join(folder, 'new.db')
    expect(process.getuid?.() === 0 ? await openingAsNobody(missing) : await opening(missing)).toBe(
      'E_STORE_READ_ONLY',
    )
    chmodSync(folder, 0o755)
  })

  it("is refused when it is another application's database, which stays as it was", async () => {
    const path = join(newFolder(), 'other.db')
    const other = await openHandle(path)
    other.exec('create table customers (name text); insert into customers values (1)')
    other.close()
    const before = readFileSync(path)
    expect(await opening(path)).toBe('E_STORE_FOREIGN')
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  it('is refused when it has the mark of another application', async () => {
    const path = join(newFolder(), 'other.db')
    const other = await openHandle(path)
    other.exec('pragma application_id = 12345')
    other.close()
    expect(await opening(path)).toBe('E_STORE_FOREIGN')
  })

  it('is refused when the schema is newer, or not the one that is known', async () => {
    const path = join(newFolder(), 'jobs.db')
    await (await openEngine({ path, thread: false })).close()
    const handle = await openHandle(path)
    handle.exec(`insert into posthaste_migrations values (99, 'future', 'x', 0)`)
    expect(await opening(path)).toBe('E_STORE_NEWER')
    handle.exec(
      `delete from posthaste_migrations where number = 99; update posthaste_migrations set hash = 'other'`,
    )
    expect(await opening(path)).toBe('E_STORE_NEWER')
  })

  it('is refused when it is no database, or a damaged one', async () => {
    const folder = newFolder()
    const text = join(folder, 'text.db')
    writeFileSync(text, 'This is a text of some length, and not a database at all.'.repeat(100))
    expect(await opening(text)).toBe('E_STORE_CORRUPT')

    const path = join(folder, 'jobs.db')
    await (await openEngine({ path, thread: false })).close()
    const bytes = readFileSync(path)
    bytes.fill(0xff, 100, 4096)
    const damaged = join(folder, 'damaged.db')
    writeFileSync(damaged, bytes)
    expect(await opening(damaged)).toBe('E_STORE_CORRUPT')
  })

  it('is refused when it is a folder, or in a folder that does not exist', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'jobs.db'))
    expect(await opening(join(folder, 'jobs.db'))).toBe('E_STORE_OPEN')
    expect(await opening(join(folder, 'nowhere', 'jobs.db'))).toBe('E_STORE_OPEN')
  })

  it('takes an empty file, and leaves nothing half done when two open a new one at once', async () => {
    const path = join(newFolder(), 'jobs.db')
    writeFileSync(path, '')
    const engines = [1, 2, 3, 4].map(() => createSqliteEngine({ path, thread: false }))
    await Promise.all(engines.map((engine) => engine.open()))
    await Promise.all(engines.map((engine) => engine.insert([newJob()])))
    expect(await engines[0]?.counts()).toEqual([
      { queue: 'default', task: 'greet', state: 'ready', count: 4 },
    ])
    await Promise.all(engines.map((engine) => engine.close()))
    expect(integrityOf(await openHandle(path))).toBe('ok')
  })

  it('says the same from a thread of its own', async () => {
    const { createSqliteEngine: create } = (await import(module)) as {
      createSqliteEngine: typeof createSqliteEngine
    }
    const text = join(newFolder(), 'text.db')
    writeFileSync(text, 'no database'.repeat(1_000))
    expect(await codeOf(create({ path: text, thread: true }).open())).toBe('E_STORE_CORRUPT')
  })
})

describe('the choice of SQLite', () => {
  it('knows the versions that cannot damage a write-ahead log', () => {
    const safe = ['3.44.6', '3.44.9', '3.50.7', '3.51.3', '3.53.0', '3.53.4', '4.0.0']
    const unsafe = ['3.7.0', '3.44.5', '3.45.1', '3.47.0', '3.50.6', '3.51.2']
    expect(safe.filter((version) => !isSafeVersion(version))).toEqual([])
    expect(unsafe.filter(isSafeVersion)).toEqual([])
  })

  it('refuses a handle of an unsafe version, naming the remedy', async () => {
    const path = join(newFolder(), 'jobs.db')
    const handle = await openHandle(path)
    const old = {
      exec: (sql: string) => handle.exec(sql),
      prepare: (sql: string) => handle.prepare(sql.replace('sqlite_version()', `'3.47.0'`)),
      close: () => handle.close(),
      isOpen: true,
      isTransaction: false,
    }
    const engine = createSqliteEngine({ path, database: old })
    await expect(engine.open()).rejects.toThrow(/3\.47\.0.*@photostructure\/sqlite/)
  })
})

it('a file that was copied while it was closed opens as it was', async () => {
  const folder = newFolder()
  const engine = await openEngine({ path: join(folder, 'jobs.db'), thread: false })
  await engine.insert([newJob()])
  await engine.close()
  copyFileSync(join(folder, 'jobs.db'), join(folder, 'copy.db'))
  const copy = await openEngine({ path: join(folder, 'copy.db'), thread: false })
  expect((await copy.counts())[0]?.count).toBe(1)
})
