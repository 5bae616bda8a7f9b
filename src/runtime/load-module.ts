import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PosthasteError } from '../core/errors.ts'
import { readsTypeScript } from '../core/place.ts'

const TYPESCRIPT = /^\.[cm]?ts$/

/** What `jiti` gives: a TypeScript loader for a Node.js that cannot read TypeScript itself. */
interface Jiti {
  createJiti(from: string): { import(path: string): Promise<object> }
}

/**
 * The exports of a module of the user's: JavaScript as Node.js reads it; TypeScript where Node.js reads it by itself,
 * or with the package `jiti` if the user's project has it.
 * @param what names the file in errors, such as `--tasks`
 * @throws E_CONFIG when the file is missing, cannot be read or throws
 */
export const loadModule = async (file: string, what: string): Promise<Readonly<Record<string, unknown>>> => {
  const path = resolve(file)
  const refuse = (why: string, cause?: unknown): PosthasteError =>
    new PosthasteError('E_CONFIG', `${what} ${JSON.stringify(file)} ${why}.`, { field: what, cause })
  if (!existsSync(path)) throw refuse('does not exist')
  try {
    const isNative = !TYPESCRIPT.test(extname(path)) || readsTypeScript
    const module = isNative
      ? await import(pathToFileURL(path).href, attributes(path))
      : await importWithJiti(path)
    return module as Readonly<Record<string, unknown>>
  } catch (error) {
    if (isMissing(error, 'jiti')) {
      throw refuse(
        'is TypeScript, which this Node.js cannot read. Use JavaScript, Node.js 22.18 or newer, or `npm install jiti`',
      )
    }
    throw refuse(`cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

const attributes = (path: string): ImportCallOptions =>
  extname(path) === '.json' ? { with: { type: 'json' } } : {}

/** Looked for beside the user's file first: Posthaste itself does not depend on it. */
const importWithJiti = async (path: string): Promise<object> => {
  const jiti = (await import(pathToFileURL(createRequire(path).resolve('jiti')).href)) as Jiti
  return jiti.createJiti(path).import(path)
}

const isMissing = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  /MODULE_NOT_FOUND$/.test(String(error.code)) &&
  error.message.includes(`'${name}'`)
