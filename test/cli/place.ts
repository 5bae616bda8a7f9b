import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type EngineKind, newEngineUrl } from '../servers/engines.ts'
import { dropSchemas } from '../servers/postgres.ts'
import { ensureBuilt, type RunOptions, stopAll, temporaryFolder } from './program.ts'

export interface Place extends RunOptions {
  readonly env: Readonly<Record<string, string>>
  /** The same folder with another installation, which is empty. */
  another(): Promise<Place>
  /** The same with more in the environment. */
  with(env: Readonly<Record<string, string>>): RunOptions
}

/**
 * A folder for this file's tests, with the program built; everything that was started in it is ended. The jobs are in an
 * installation of this kind, or without one where the program puts them when it is told nothing.
 */
export const folder = (kind?: EngineKind): Place => {
  let made: ReturnType<typeof temporaryFolder> | undefined
  let url: string | undefined
  beforeAll(async () => {
    await ensureBuilt()
    made = temporaryFolder()
    if (kind !== undefined) url = await newEngineUrl(kind, made.path)
  }, 150_000)
  afterAll(async () => {
    await stopAll()
    made?.remove()
    if (kind === 'postgres') await dropSchemas()
  })
  return placeOf(
    kind,
    () => made?.path ?? '',
    () => url,
  )
}

const placeOf = (kind: EngineKind | undefined, cwd: () => string, url: () => string | undefined): Place => ({
  get cwd() {
    return cwd()
  },
  get env(): Readonly<Record<string, string>> {
    const engine = url()
    return engine === undefined ? {} : { POSTHASTE_ENGINE: engine }
  },
  async another() {
    const folder = mkdtempSync(join(cwd(), 'another-'))
    const other = await newEngineUrl(kind ?? 'sqlite', folder)
    return placeOf(kind, cwd, () => other)
  },
  with(env) {
    return { cwd: this.cwd, env: { ...this.env, ...env } }
  },
})
