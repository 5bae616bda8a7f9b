import type { z } from 'zod'
import { formatDuration } from './durations.ts'
import { PosthasteError } from './errors.ts'
import { MASK, maskUrl } from './mask.ts'
import { type Address, address, type LogLevel, SETTINGS, type Setting, type SettingName } from './settings.ts'
import { shown } from './text.ts'

export {
  type Address,
  type LogLevel,
  SETTINGS,
  type Setting,
  type SettingName,
} from './settings.ts'

/** The validated settings. Durations in ms. */
export interface Config {
  readonly engine: string
  /** Null: finished jobs stay in the engine. */
  readonly archive: string | null
  readonly archiveAfter: number
  readonly addr: Address
  readonly token: string | null
  readonly smtpUrl: string | null
  readonly mailFrom: string | null
  /** Targets that the task http may call beside public ones. */
  readonly httpAllow: readonly string[]
  /** Null: see `defaultBlobUrl`. */
  readonly blobs: string | null
  /** Bytes. */
  readonly blobQuota: number
  readonly blobMaxSize: number
  readonly blobKeep: number
  /** The folder whose files jobs may name; null: none. */
  readonly files: string | null
  readonly logLevel: LogLevel
  readonly workers: number
  readonly maxRetries: number
  readonly timeout: number
  /** Null: priorities stay as they are. */
  readonly ageing: number | null
  /** Where each value came from: `default`, `file`, or the name of the variable or flag. */
  readonly sources: Readonly<Record<SettingName, string>>
}

export interface ConfigSources {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** By the settings' names. Undefined: not given. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** What the configuration file exports, by the settings' names. */
  readonly file?: unknown
}

/**
 * The settings from flags, environment, file and defaults, in this order of precedence. An empty variable counts as
 * not set.
 * @throws E_CONFIG naming every setting that is unknown or wrong, one line each (also in `data.problems`)
 */
export const loadConfig = ({ env = {}, flags = {}, file = {} }: ConfigSources = {}): Config => {
  const problems: string[] = []
  const fileValues = asObject(file)
  if (fileValues === null) problems.push('The configuration file must export an object of settings.')
  refuseUnknown(env, fileValues ?? {}, problems)

  const values: Record<string, unknown> = {}
  const sources: Record<string, string> = {}
  for (const setting of SETTINGS) {
    const found = find(setting, env, flags, fileValues ?? {})
    sources[setting.name] = found.source
    values[setting.name] = read(setting, found, problems)
  }
  const redis = sources['engine'] === 'default' ? heritageRedis(env, problems) : null
  if (redis !== null) {
    values['engine'] = redis.engine
    sources['engine'] = redis.source
  }

  if (problems.length > 0) {
    const what =
      problems.length === 1
        ? (problems[0] as string)
        : `${problems.length} settings are wrong:\n${problems.join('\n')}`
    throw new PosthasteError('E_CONFIG', what, { data: { problems } })
  }
  return { ...values, sources } as unknown as Config
}

interface Found {
  readonly source: string
  readonly value: unknown
  readonly schema: z.ZodType
}

const find = (
  setting: Setting,
  env: NonNullable<ConfigSources['env']>,
  flags: NonNullable<ConfigSources['flags']>,
  file: Readonly<Record<string, unknown>>,
): Found => {
  const { schema } = setting
  const flag = flags[setting.name]
  if (flag !== undefined) return { source: setting.flag ?? setting.name, value: flag, schema }
  const names = setting.env === null ? setting.aliases : [{ env: setting.env, schema }, ...setting.aliases]
  for (const name of names) {
    const value = env[name.env]
    if (value !== undefined && value.trim() !== '') return { source: name.env, value, schema: name.schema }
  }
  if (Object.hasOwn(file, setting.name) && file[setting.name] !== undefined) {
    return { source: 'file', value: file[setting.name], schema }
  }
  return { source: 'default', value: setting.default, schema }
}

const read = (setting: Setting, { source, value, schema }: Found, problems: string[]): unknown => {
  if (value === null && setting.default === null) return null
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const name = source === 'file' ? `${setting.name} in the configuration file` : source
  const given = setting.secret ? 'what was given' : maskUrl(shown(value))
  problems.push(`${name} ${result.error.issues[0]?.message ?? 'is wrong'}; it is ${given}.`)
  return null
}

const ENV_NAMES: ReadonlySet<string> = new Set(
  SETTINGS.flatMap((setting: Setting) => [setting.env, ...setting.aliases.map(({ env }) => env)]).filter(
    (name) => name !== null,
  ),
)
/** Secrets that jobs refer to by name; they are no settings. */
const SECRET_PREFIX = 'POSTHASTE_SECRET_'
const NAMES: ReadonlySet<string> = new Set(SETTINGS.map(({ name }) => name))

const refuseUnknown = (
  env: Readonly<Record<string, unknown>>,
  file: Readonly<Record<string, unknown>>,
  problems: string[],
): void => {
  for (const name of Object.keys(env)) {
    if (name.startsWith('POSTHASTE_') && !ENV_NAMES.has(name) && !name.startsWith(SECRET_PREFIX))
      problems.push(`${name} is no setting of Posthaste.`)
  }
  for (const name of Object.keys(file)) {
    if (!NAMES.has(name))
      problems.push(`${shown(name)} in the configuration file is no setting of Posthaste.`)
  }
}

const REDIS_PORT = '6379'

/**
 * The engine that the names of older systems ask for, when nothing else does: REDISADDR as HOST:PORT or a URL, or
 * REDIS_HOST with REDIS_PORT and REDIS_PASSWORD.
 */
const heritageRedis = (
  env: NonNullable<ConfigSources['env']>,
  problems: string[],
): { readonly engine: string; readonly source: string } | null => {
  const given = (name: string): string => (env[name] ?? '').trim()
  const password = given('REDIS_PASSWORD') === '' ? '' : `:${encodeURIComponent(given('REDIS_PASSWORD'))}@`
  const [source, text] =
    given('REDISADDR') !== ''
      ? ['REDISADDR', given('REDISADDR')]
      : ['REDIS_HOST', `${given('REDIS_HOST')}:${given('REDIS_PORT') || REDIS_PORT}`]
  if (source === 'REDIS_HOST' && given(source) === '') return null
  if (/^rediss?:\/\//.test(text) && URL.canParse(text)) return { engine: text, source }
  // A host that is an IPv6 address may come without brackets from a variable of its own.
  const parsed = address.safeParse(text.replace(/^([\da-fA-F]*:[\da-fA-F:]*):(\d+)$/, '[$1]:$2'))
  if (parsed.success) return { engine: `redis://${password}${formatAddress(parsed.data)}`, source }
  const names = source === 'REDISADDR' ? source : 'REDIS_HOST and REDIS_PORT'
  problems.push(`${names} must be HOST:PORT, such as 127.0.0.1:6379; it is ${maskUrl(shown(text))}.`)
  return null
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null

export interface ConfigLine {
  readonly name: SettingName
  /** For people; secrets are masked. */
  readonly value: string
  readonly source: string
}

/** The settings as they are printed at a start. */
export const describeConfig = (config: Config): ConfigLine[] =>
  SETTINGS.map(({ name, secret }) => ({
    name,
    value: describeValue(config, name, secret),
    source: config.sources[name],
  }))

const describeValue = (config: Config, name: SettingName, secret: boolean): string => {
  const value = config[name]
  if (value === null) return '—'
  if (name === 'smtpUrl') return maskUrl(value as string)
  if (secret) return MASK
  if (name === 'timeout' || name === 'archiveAfter' || name === 'blobKeep' || name === 'ageing')
    return formatDuration(value as number)
  if (name === 'httpAllow') return (value as readonly string[]).join(',') || '—'
  if (name === 'blobQuota' || name === 'blobMaxSize') return formatBytes(value as number)
  if (name === 'addr') return formatAddress(value as Address)
  return maskUrl(String(value))
}

/** The largest unit that leaves no fraction: '10GB', '1536MB'. */
const formatBytes = (size: number): string => {
  const units = ['', 'KB', 'MB', 'GB', 'TB']
  let unit = 0
  while (unit < units.length - 1 && size % 1024 === 0) {
    size /= 1024
    unit += 1
  }
  return `${size}${units[unit]}`
}

/** HOST:PORT, an IPv6 host in brackets. */
export const formatAddress = ({ host, port }: Address): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
