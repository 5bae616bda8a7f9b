/**
 * Programs that tests need and a machine may lack, from Debian's packages: installed where root may, or unpacked into a
 * folder, for which no rights are needed.
 */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Packages come over the network. */
const INSTALL_TIMEOUT_MS = 180_000

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

/** Several processes may want to install something at once. */
const LOCK_WAIT_S = 120

/**
 * Installs a package, which only root may.
 *
 * @param {string} name
 */
export const installPackage = async (name) => {
  if (process.getuid?.() !== 0) throw new Error('only root may install packages')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await updateLists()
  const options = ['-y', '--no-install-recommends', '-o', `DPkg::Lock::Timeout=${LOCK_WAIT_S}`]
  await run('apt-get', ['install', ...options, name], {
    env,
    timeout: LOCK_WAIT_S * 1_000 + INSTALL_TIMEOUT_MS,
  })
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
