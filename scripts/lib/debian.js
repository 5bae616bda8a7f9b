/**
 * Programs that tests need and a machine may lack, from Debian's packages, unpacked into a folder: nothing is installed,
 * no service is started, and no rights are needed.
 */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Packages come over the network. */
export const INSTALL_TIMEOUT_MS = 180_000

/** @param {unknown} error */
export const lastLine = (error) => {
  const { stderr, message } = /** @type {{ stderr?: string, message: string }} */ (error)
  return (stderr || message).trim().split('\n').at(-1) ?? ''
}

/** Lists of packages may be missing or old, and root may make them new. @returns {Promise<void>} */
export const updateLists = async () => {
  if (process.getuid?.() !== 0) return
  await run('apt-get', ['update'], { timeout: INSTALL_TIMEOUT_MS }).catch(() => {})
}

/**
 * Downloads packages and unpacks them.
 *
 * @param {string} folder
 * @param {string} needed               The package without which nothing works.
 * @param {readonly string[]} libraries  May be there already, or have other names in this version of Debian.
 * @returns {Promise<Record<string, string>>}  The environment in which programs of the folder find their libraries.
 */
export const unpackPackages = async (folder, needed, libraries) => {
  for (const name of [needed, ...libraries]) {
    await run('apt-get', ['download', name], { cwd: folder, timeout: INSTALL_TIMEOUT_MS }).catch((error) => {
      if (name === needed) throw error
    })
  }
  const packages = readdirSync(folder).filter((name) => name.endsWith('.deb'))
  for (const name of packages) await run('dpkg', ['-x', join(folder, name), folder])
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  const found = entries.filter(({ name }) => /\.so(\.|$)/.test(name)).map(({ parentPath }) => parentPath)
  return { LD_LIBRARY_PATH: [...new Set(found)].join(delimiter) }
}
