import { randomBytes } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Backend, Stored } from './backend.ts'
import { BLOB_DEBRIS_AGE_MS } from './limits.ts'

const DIGITS = /^[0-9a-f]{64}$/
const SHARD = /^[0-9a-f]{2}$/
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

export interface FolderOptions {
  /** The folder goes when the store is closed. */
  readonly temporary?: boolean
}

/**
 * Blobs in a folder: `ab/ab12…`, a file for each, and `tmp/` for what is being written. A blob's time of change is when
 * it expires, so that there is nothing beside the files to fall out of step with them. Any number of processes may use
 * one folder.
 */
export const folderBackend = (path: string, { temporary = false }: FolderOptions = {}): Backend => {
  const root = resolve(path)
  const spoolFolder = join(root, 'tmp')
  const shardOf = (digits: string): string => join(root, digits.slice(0, 2))
  const fileOf = (digits: string): string => join(shardOf(digits), digits)
  const made = new Set<string>()

  /** Once for each folder, and again when somebody took it away meanwhile. */
  const ensure = async (folder: string): Promise<void> => {
    // posix: the mode keeps other users of the machine out; Windows ignores it and uses the folder's own rules.
    await mkdir(folder, { recursive: true, mode: 0o700 })
    made.add(folder)
  }

  const find = async (digits: string): Promise<Stored | null> => {
    const found = await absentAsNull(lstat(fileOf(digits)))
    return found?.isFile() === true
      ? { digits, size: found.size, expiresAt: Math.round(found.mtimeMs) }
      : null
  }

  const keepUntil = (file: string, expiresAt: number): Promise<void> =>
    utimes(file, new Date(), new Date(expiresAt))

  return {
    location: root,
    async spool() {
      await ensure(spoolFolder)
      return spoolFolder
    },
    async adopt(from, { digits, expiresAt }) {
      const shard = shardOf(digits)
      if (!made.has(shard)) await ensure(shard)
      await keepUntil(from, expiresAt)
      await rename(from, fileOf(digits)).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        await ensure(shard)
        await rename(from, fileOf(digits))
      })
      await syncFolder(shard)
    },
    find,
    async renew({ digits, expiresAt }) {
      const found = await find(digits)
      if (found === null) return false
      if (found.expiresAt >= expiresAt) return true
      return (await absentAsNull(keepUntil(fileOf(digits), expiresAt).then(() => true))) ?? false
    },
    async read(digits) {
      const handle = await absentAsNull(open(fileOf(digits), READ))
      return handle === null ? null : createReadStream('', { fd: handle })
    },
    file: async (digits) => ((await find(digits)) === null ? null : fileOf(digits)),
    async remove(digits) {
      return (await absentAsNull(unlink(fileOf(digits)).then(() => true))) ?? false
    },
    async expire(digits, now) {
      const found = await find(digits)
      if (found === null || found.expiresAt > now) return false
      // Taken aside first and looked at again: whoever renewed it in between gets it back.
      const aside = join(await this.spool(), `${randomBytes(16).toString('hex')}.part`)
      if ((await absentAsNull(rename(fileOf(digits), aside).then(() => true))) === null) return false
      const { mtimeMs } = await stat(aside)
      if (mtimeMs > now) {
        await rename(aside, fileOf(digits))
        return false
      }
      await rm(aside, { force: true })
      return true
    },
    async *list() {
      for (const shard of await namesIn(root)) {
        if (!SHARD.test(shard)) continue
        for (const digits of await namesIn(join(root, shard))) {
          const found = DIGITS.test(digits) ? await find(digits) : null
          if (found !== null) yield found
        }
      }
      await sweepDebris(spoolFolder)
    },
    async close() {
      if (temporary) await rm(root, { recursive: true, force: true })
    },
  }
}

const namesIn = async (folder: string): Promise<string[]> => (await absentAsNull(readdir(folder))) ?? []

/** Half-written files of processes that were killed. Whatever is written now is younger. */
const sweepDebris = async (folder: string): Promise<void> => {
  for (const name of await namesIn(folder)) {
    const file = join(folder, name)
    const found = await absentAsNull(lstat(file))
    if (found !== null && Date.now() - found.ctimeMs > BLOB_DEBRIS_AGE_MS) await rm(file, { force: true })
  }
}

/** A new name is durable when its folder is synced, too. Windows knows no such thing, and needs none. */
const syncFolder = async (folder: string): Promise<void> => {
  try {
    const handle = await open(folder, constants.O_RDONLY)
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error
  }
}

const absentAsNull = async <T>(work: Promise<T>): Promise<T | null> => {
  try {
    return await work
  } catch (error) {
    // ELOOP: a link stands where a blob should be; we store none.
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}
