import { PosthasteError } from '../../index.ts'
import { SECRET_LENGTH_MIN } from './limits.ts'

/** A secret by its name: the value is looked up when the job runs, and is kept and shown nowhere. */
export interface SecretRef {
  readonly $secret: string
  /** Put before the value, such as "Bearer ". */
  readonly prefix?: string | undefined
}

/** The value of a secret, or undefined when there is none of this name. */
export type SecretSource = (name: string) => string | undefined

export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/
const ENV_PREFIX = 'POSTHASTE_SECRET_'

/** Variables that begin with POSTHASTE_SECRET_; a job can name no other. */
export const secretsOfEnvironment =
  (env: Readonly<Record<string, string | undefined>>): SecretSource =>
  (name) =>
    env[ENV_PREFIX + name]

/** Of JSON that was checked: what has a field `$secret` is a reference. */
export const isSecretRef = <T>(value: T): value is T & SecretRef =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, '$secret')

/** Text as a part of a query, in which nothing is left that an address could still write in another way. */
export const asParameter = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** The secrets of one run: looks them up, and knows afterwards what must not be shown. */
export class Secrets {
  readonly #source: SecretSource
  readonly #used = new Set<string>()

  constructor(source: SecretSource) {
    this.#source = source
  }

  /** @throws E_SECRET, which names the secret and never its value */
  reveal({ $secret: name, prefix = '' }: SecretRef): string {
    const value = SECRET_NAME.test(name) ? this.#source(name) : undefined
    const why =
      value === undefined ? 'is not set here' : value.length < SECRET_LENGTH_MIN ? 'is too short' : null
    if (value === undefined || why !== null) {
      throw new PosthasteError('E_SECRET', `The secret ${name} ${why}.`, { field: '$secret' })
    }
    this.#used.add(value)
    return prefix + value
  }

  /** A copy of JSON with every reference replaced by its secret. */
  fill(value: unknown): unknown {
    if (isSecretRef(value)) return this.reveal(value)
    if (Array.isArray(value)) return value.map((item) => this.fill(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.fill(item)]))
  }

  /** Text without the secrets of this run: servers like to send back what they got. */
  mask(text: string): string {
    const pattern = this.#pattern((form) => form)
    return pattern === null ? text : text.replace(pattern, '***')
  }

  /** Bytes without them, of the same length, so that what was cut off stays cut off. */
  maskBytes(bytes: Buffer): Buffer {
    // As Latin-1 every byte is a character, and what is no secret comes out as it was.
    const pattern = this.#pattern((form) => Buffer.from(form, 'utf8').toString('latin1'))
    if (pattern === null) return bytes
    return Buffer.from(
      bytes.toString('latin1').replace(pattern, (found) => '*'.repeat(found.length)),
      'latin1',
    )
  }

  /** Secrets as they are, and as JSON (also within JSON), URLs and base64 write them; the longest first. */
  #pattern(written: (form: string) => string): RegExp | null {
    const forms = [...this.#used].flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      asParameter(secret),
      Buffer.from(secret, 'utf8').toString('base64'),
    ])
    if (forms.length === 0) return null
    const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length)
    return new RegExp(longestFirst.map((form) => [...written(form)].map(escaped).join('')).join('|'), 'g')
  }
}

/** A character in a pattern; one that JSON escapes may have backslashes before it. */
const escaped = (char: string): string =>
  `${/["\\/]/.test(char) ? '\\\\*' : ''}${char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')}`
