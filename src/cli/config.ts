import { existsSync } from 'node:fs'
import { type BlobOptions, defaultBlobUrl } from '../blobs/open.ts'
import { type Config, loadConfig } from '../core/config.ts'
import { loadModule } from '../runtime/load-module.ts'

/** Looked for in the working directory, in this order; the first one counts. */
const CONFIG_FILES = [
  'posthaste.config.ts',
  'posthaste.config.js',
  'posthaste.config.mjs',
  'posthaste.config.json',
]

/** Flags that are settings, by the settings' names. */
export interface SettingFlags {
  readonly engine?: string | undefined
  readonly archive?: string | undefined
  readonly addr?: string | undefined
  readonly logLevel?: string | undefined
  readonly workers?: number | undefined
  readonly ageing?: string | undefined
}

/**
 * The settings of this process: flags, environment, configuration file, defaults.
 * @throws E_CONFIG naming what is wrong
 */
export const readConfig = async (
  options: { readonly engine?: string; readonly database?: string; readonly archive?: string },
  flags: SettingFlags = {},
): Promise<Config> => {
  const engine = options.database === undefined ? options.engine : `sqlite:${options.database}`
  const file = CONFIG_FILES.find((name) => existsSync(name))
  const settings =
    file === undefined ? undefined : (await loadModule(file, 'The configuration file'))['default']
  return loadConfig({
    env: process.env,
    flags: { ...flags, archive: options.archive, ...(engine === undefined ? {} : { engine }) },
    ...(file === undefined ? {} : { file: settings }),
  })
}

/** Where bytes beside jobs are kept, and within which bounds. */
export const blobOptions = ({ engine, blobs, blobMaxSize, blobQuota, blobKeep }: Config): BlobOptions => ({
  url: blobs ?? defaultBlobUrl(engine),
  maxBytes: blobMaxSize,
  quotaBytes: blobQuota,
  keep: blobKeep,
})
