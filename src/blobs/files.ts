import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, open, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { PosthasteError } from '../core/errors.ts'
import { shown } from '../core/text.ts'

/**
 * One folder of the operator's whose files jobs may name. What a payload names is a path below it, and never leads out
 * of it: not by `..`, not by a link, not by a device.
 */
export interface FileRoot {
  /** For people. */
  readonly location: string
  /**
   * The real path of an existing file.
   * @param field what errors name
   * @throws E_FILE when the path leads elsewhere, or to no ordinary file
   */
  find(path: string, field: string): Promise<string>
  /**
   * Puts bytes, or a copy of a complete file (named by its path), there in one step: a reader sees the old one or the new one. Folders on the way are made. Safe
   * to repeat: a file of that name is replaced.
   * @throws E_FILE
   */
  place(from: string | Uint8Array, path: string, field: string): Promise<void>
}

const refuse = (field: string, path: string, why: string): never => {
  throw new PosthasteError('E_FILE', `The file ${shown(path)} ${why}.`, { field })
}

/** Names that Windows gives to devices, whatever ending they have. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

const NAME_BYTES_MAX = 255
const DEPTH_MAX = 32

/** The names on the way, each of them harmless on every system. */
const namesOf = (path: string, field: string): string[] => {
  const names = path.split('/')
  const wrong = names.find((name) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    const isOdd = /[\0-\x1f\\:*?"<>|]|[. ]$/.test(name) || DEVICE.test(name)
    return isOdd || name === '' || Buffer.byteLength(name) > NAME_BYTES_MAX
  })
  if (wrong !== undefined || names.length > DEPTH_MAX)
    refuse(field, path, 'must be a path below the folder of files, such as "photos/a.jpg"')
  return names
}

const absent = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

const none = async (path: string, field: string): Promise<never> =>
  refuse(field, path, 'cannot be used: no folder of files is configured (POSTHASTE_FILES)')
const NO_FILES: FileRoot = { location: 'none', find: none, place: (_, path, field) => none(path, field) }

/** @param folder made when something is placed there first; null: there is none, and every file is refused */
export const fileRoot = (folder: string | null): FileRoot => {
  if (folder === null) return NO_FILES
  const location = resolve(folder)
  const isBelow = (root: string, path: string): boolean =>
    path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

  const find = async (path: string, field: string): Promise<string> => {
    const names = namesOf(path, field)
    try {
      const root = await realpath(location)
      const real = await realpath(join(root, ...names))
      if (!isBelow(root, real)) return refuse(field, path, 'leads out of the folder of files')
      if (!(await lstat(real)).isFile()) return refuse(field, path, 'is no ordinary file')
      return real
    } catch (error) {
      if (absent(error)) return refuse(field, path, 'does not exist in the folder of files')
      throw error
    }
  }

  /** The real folder for a new file, made step by step: a link on the way is followed only while it stays inside. */
  const folderFor = async (names: readonly string[], path: string, field: string): Promise<string> => {
    // posix: the mode keeps other users of the machine out; Windows ignores it and uses the folder's own rules.
    await mkdir(location, { recursive: true, mode: 0o700 })
    const root = await realpath(location)
    let at = root
    for (const name of names) {
      const next = join(at, name)
      // posix: as above
      await mkdir(next, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
      at = await realpath(next)
      if (!isBelow(root, at)) return refuse(field, path, 'leads out of the folder of files')
      if (!(await lstat(at)).isDirectory()) return refuse(field, path, 'has a file where a folder must be')
    }
    return at
  }

  return {
    location,
    find,
    async place(from, path, field) {
      const names = namesOf(path, field)
      const folder = await folderFor(names.slice(0, -1), path, field)
      const target = join(folder, names.at(-1) as string)
      const before = await lstat(target).catch(() => null)
      if (before !== null && !before.isFile())
        refuse(field, path, 'is there already, and is no ordinary file')
      // Beside its target, so that the last step is a rename within one file system.
      const part = join(folder, `.${randomBytes(12).toString('hex')}.part`)
      try {
        if (typeof from === 'string') await copyFile(from, part, constants.COPYFILE_EXCL)
        // posix: as above
        else await writeFile(part, from, { flag: 'wx', mode: 0o600 })
        await sync(part)
        await rename(part, target)
        await sync(dirname(target))
      } catch (error) {
        await rm(part, { force: true })
        throw error
      }
    },
  }
}

/** Windows cannot sync a folder, and needs not. */
const sync = async (path: string): Promise<void> => {
  const handle = await open(path, 'r').catch(() => null)
  if (handle === null) return
  await handle
    .sync()
    .catch(() => undefined)
    .finally(() => handle.close())
}
