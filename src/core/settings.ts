import { z } from 'zod'
import { durationMs } from './durations.ts'
import {
  AGEING_HIGHEST,
  AGEING_MIN_MS,
  ARCHIVE_AFTER_MS,
  CONCURRENCY,
  CONCURRENCY_MAX,
  MAX_RETRIES,
  MAX_RETRIES_LIMIT,
  TIMEOUT_MS,
} from './limits.ts'
import { priorityName } from './priority.ts'

/**
 * Every setting of the program, as data: `loadConfig` reads by this table and docs/configuration.md is generated from
 * it. `aliases` are the names that the older systems used for the same thing; the setting's own name wins over them.
 */
export interface Setting {
  /** Name in the configuration file. */
  readonly name: string
  /** Environment variable, or null. */
  readonly env: string | null
  readonly aliases: readonly SettingAlias[]
  /** Command-line flag, or null. A secret has none: a process list shows flags to everybody. */
  readonly flag: string | null
  /** As somebody would write it; null: none. */
  readonly default: string | null
  readonly unit: string | null
  readonly meaning: string
  readonly secret: boolean
  /** Reads a value from any of the sources. Texts come from the environment and the command line. */
  readonly schema: z.ZodType
}

export interface SettingAlias {
  readonly env: string
  readonly unit: string | null
  readonly schema: z.ZodType
}

/** Where a server listens. Port 0 lets the system choose one. */
export interface Address {
  readonly host: string
  readonly port: number
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What may stand before the colon of an engine's URL. */
const ENGINE_KINDS = ['memory', 'sqlite', 'postgres', 'postgresql', 'redis', 'rediss'] as const
const TOKEN_LENGTH_MIN = 16

const must = (test: (text: string) => boolean, message: string) =>
  z.string({ error: message }).trim().refine(test, { error: message })

const wholeNumber = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  const digits = z
    .string()
    .trim()
    .regex(/^\d{1,10}$/)
    .transform(Number)
  return z
    .union([z.number(), digits], { error })
    .pipe(z.number().int({ error }).min(min, { error }).max(max, { error }))
}

const duration = (minMs: number) =>
  z.union([z.string(), z.number()]).transform((value, context) => {
    try {
      return durationMs(value, 'duration', { min: minMs })
    } catch {
      context.addIssue(`must be a duration such as "30s" or "5m", of at least ${minMs} ms`)
      return z.NEVER
    }
  })

const ADDRESS = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/
/** HOST:PORT, an IPv6 host in brackets. */
export const address = z
  .string()
  .trim()
  .transform((text, context): Address => {
    const parts = ADDRESS.exec(text)
    const port = Number(parts?.[3])
    if (parts !== null && port <= 65_535) return { host: (parts[1] ?? parts[2]) as string, port }
    context.addIssue('must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080')
    return z.NEVER
  })

const BYTES = /^(\d{1,15})\s?([kmgt]?)i?b?$/i
const BYTE_UNITS = ['', 'k', 'm', 'g', 't']
/** A number of bytes: '10GB', '512MB', '1024'. Units are powers of 1024. */
const bytes = z.union([z.string().trim(), z.number().transform(String)]).transform((text, context) => {
  const parts = BYTES.exec(text)
  const size = Number(parts?.[1]) * 1024 ** BYTE_UNITS.indexOf((parts?.[2] ?? '').toLowerCase())
  if (parts !== null && Number.isSafeInteger(size) && size > 0) return size
  context.addIssue('must be a number of bytes, such as "500MB" or "10GB"')
  return z.NEVER
})

const isSmtpUrl = (text: string): boolean => {
  try {
    const url = new URL(text)
    return (url.protocol === 'smtp:' || url.protocol === 'smtps:') && url.hostname !== ''
  } catch {
    return false
  }
}

const isEngineUrl = (text: string): boolean => {
  const kind = text.slice(0, text.indexOf(':') + 1)
  if (kind === 'memory:') return text === kind
  if (kind === 'redis:' || kind === 'rediss:') return URL.canParse(text) && new URL(text).hostname !== ''
  return kind !== '' && ENGINE_KINDS.some((known) => kind === `${known}:`) && text.length > kind.length
}

const plain = { aliases: [], unit: null, secret: false } as const

export const SETTINGS = [
  {
    ...plain,
    name: 'engine',
    env: 'POSTHASTE_ENGINE',
    flag: '--engine',
    default: 'sqlite:./posthaste.db',
    meaning:
      'Where jobs are kept: sqlite:PATH, postgres://[user:password@]host[:port]/database[?schema=NAME], redis://[[user]:password@]host:port[/database][?prefix=NAME] (rediss: with TLS), or memory: (nothing survives the process). When no engine is given anywhere, the names of older systems count: REDISADDR (host:port), or REDIS_HOST with REDIS_PORT and REDIS_PASSWORD.',
    schema: must(
      isEngineUrl,
      `must be the URL of an engine that this version has (${ENGINE_KINDS.map((kind) => `${kind}:`).join(', ')}), such as sqlite:./posthaste.db`,
    ),
  },
  {
    ...plain,
    name: 'archive',
    env: 'POSTHASTE_ARCHIVE',
    flag: '--archive',
    default: null,
    meaning:
      'Where finished jobs are moved, out of the engine, and read from as if they were still there: the URL of a store of its own, sqlite:PATH, postgres://… or redis://…. All processes of an installation name the same one.',
    schema: must(
      (text) => isEngineUrl(text) && text !== 'memory:',
      'must be the URL of a store that keeps what is in it, such as sqlite:./archive.db or postgres://user:password@host/database',
    ),
  },
  {
    ...plain,
    name: 'archiveAfter',
    env: 'POSTHASTE_ARCHIVE_AFTER',
    flag: null,
    default: `${ARCHIVE_AFTER_MS / 60_000}m`,
    unit: 'duration',
    meaning: 'For how long finished jobs stay in the engine when there is an archive.',
    schema: duration(0),
  },
  {
    ...plain,
    name: 'addr',
    env: 'POSTHASTE_ADDR',
    aliases: [{ env: 'APIADDR', unit: null, schema: address }],
    flag: '--addr',
    default: '127.0.0.1:8080',
    meaning: 'Where the HTTP server listens. Port 0 lets the system choose one.',
    schema: address,
  },
  {
    ...plain,
    name: 'token',
    env: 'POSTHASTE_TOKEN',
    flag: null,
    default: null,
    secret: true,
    meaning: `What HTTP clients send as a bearer token. At least ${TOKEN_LENGTH_MIN} characters; openssl rand -hex 32 makes a good one.`,
    schema: must(
      (text) => text.length >= TOKEN_LENGTH_MIN && /^[\x21-\x7e]+$/.test(text),
      `must be at least ${TOKEN_LENGTH_MIN} printable ASCII characters without spaces (openssl rand -hex 32 makes one)`,
    ),
  },
  {
    ...plain,
    name: 'smtpUrl',
    env: 'SMTP_URL',
    flag: null,
    default: null,
    secret: true,
    meaning:
      'The mail server, with its credentials: smtp://user:password@host:587, or smtps://… for TLS from the start. Without it, mail goes to the capture mailbox.',
    schema: must(isSmtpUrl, 'must be a URL such as smtp://user:password@mail.example.com:587'),
  },
  {
    ...plain,
    name: 'mailFrom',
    env: 'MAIL_FROM',
    flag: null,
    default: null,
    meaning: 'The sender of mails that name none, such as "Example Shop <shop@example.com>".',
    schema: must(
      (text) => /^[^\r\n]*[^\s@<]@[^\s@>]+>?$/.test(text),
      'must be one mail address, with or without a name before it',
    ),
  },
  {
    ...plain,
    name: 'httpAllow',
    env: 'POSTHASTE_HTTP_ALLOW',
    flag: null,
    default: '',
    meaning:
      'What the task http may call beside public addresses on ports 80 and 443, with commas between: HOST:PORT, ADDRESS:PORT, a range such as 10.0.0.0/8:8080 or [fd00::/8]:8080, or *:PORT for public addresses on that port. Without a port, 80 and 443 are meant; :* means all ports.',
    schema: z
      .union([z.string(), z.array(z.string())], {
        error: 'must be a list of HOST:PORT, 10.0.0.0/8 or *:8443',
      })
      .transform((list) =>
        (typeof list === 'string' ? list.split(',') : list)
          .map((entry) => entry.trim())
          .filter((entry) => entry !== ''),
      ),
  },
  {
    ...plain,
    name: 'blobs',
    env: 'POSTHASTE_BLOBS',
    flag: null,
    default: null,
    meaning:
      'Where bytes beside jobs are kept (attachments, pictures, tables): folder:PATH, or s3://[KEY:SECRET@]HOST[:PORT]/BUCKET[/PREFIX]?region=REGION. All processes of an installation name the same one. Without it, the folder posthaste-blobs beside the SQLite file, else in the working directory.',
    schema: must(
      (text) => /^(folder:.|s3:\/\/[^/\s]+\/[^/\s])/.test(text),
      'must be folder:PATH or s3://HOST/BUCKET, such as folder:./blobs',
    ),
  },
  {
    ...plain,
    name: 'blobQuota',
    env: 'POSTHASTE_BLOB_QUOTA',
    flag: null,
    default: '10GB',
    unit: 'bytes',
    meaning: 'Size of all blobs together; what would go beyond it is refused.',
    schema: bytes,
  },
  {
    ...plain,
    name: 'blobMaxSize',
    env: 'POSTHASTE_BLOB_MAX_SIZE',
    flag: null,
    default: '1GB',
    unit: 'bytes',
    meaning: 'Size of one blob.',
    schema: bytes,
  },
  {
    ...plain,
    name: 'blobKeep',
    env: 'POSTHASTE_BLOB_KEEP',
    flag: null,
    default: '30d',
    unit: 'duration',
    meaning: 'For how long a blob is kept after it was last stored, unless its sender says how long.',
    schema: duration(60_000),
  },
  {
    ...plain,
    name: 'files',
    env: 'POSTHASTE_FILES',
    flag: null,
    default: null,
    meaning:
      'The folder whose files image and data jobs may name as input and output. Nothing outside of it can be reached. Without it, such jobs use blobs and addresses only.',
    schema: must((text) => text.trim() !== '', 'must be the path of a folder'),
  },
  {
    ...plain,
    name: 'logLevel',
    env: 'POSTHASTE_LOG',
    flag: '--log',
    default: 'info',
    meaning: `How much is logged: ${LOG_LEVELS.join(', ')}.`,
    schema: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }),
  },
  {
    ...plain,
    name: 'workers',
    env: 'WORKERCOUNT',
    flag: '--workers',
    default: String(CONCURRENCY),
    unit: 'jobs',
    meaning: 'Jobs that one process runs at the same time.',
    schema: wholeNumber(1, CONCURRENCY_MAX),
  },
  {
    ...plain,
    name: 'maxRetries',
    env: 'MAXRETRIES',
    flag: '--max-retries',
    default: String(MAX_RETRIES),
    unit: 'retries',
    meaning: 'Retries of a job whose task says nothing about them.',
    schema: wholeNumber(0, MAX_RETRIES_LIMIT),
  },
  {
    ...plain,
    name: 'timeout',
    env: null,
    aliases: [
      {
        env: 'WORKERTIMEOUT',
        unit: 'seconds',
        schema: wholeNumber(1, 10 * 365 * 86_400).transform((seconds) => seconds * 1_000),
      },
    ],
    flag: '--timeout',
    default: `${TIMEOUT_MS / 60_000}m`,
    unit: 'duration',
    meaning: 'Longest run of one attempt of a job whose task says nothing about it.',
    schema: duration(1),
  },
  {
    ...plain,
    name: 'ageing',
    env: 'POSTHASTE_AGEING',
    flag: '--ageing',
    default: null,
    unit: 'duration',
    meaning: `A job that has been ready for so long gets a priority one step higher, and again after as long, up to ${priorityName(AGEING_HIGHEST)} (${AGEING_HIGHEST}). Without it, priorities stay as they are. All processes of an installation that run jobs say the same.`,
    schema: duration(AGEING_MIN_MS),
  },
] as const satisfies readonly Setting[]

export type SettingName = (typeof SETTINGS)[number]['name']
