import { z } from 'zod'
import { isBlobRef } from '../../index.ts'
import { headerProblem, METHODS, OUTBOUND_TIMEOUT_MAX_MS, REDIRECTS_MAX } from '../../outbound/index.ts'
import { CAPTURED_HEADERS_MAX, SIGNING_KEYS_MAX } from './limits.ts'
import { isSecretRef, SECRET_NAME } from './secrets.ts'

const secret = z
  .strictObject({
    $secret: z
      .string()
      .regex(SECRET_NAME, { error: 'must be a name in capitals, such as API_KEY' })
      .meta({ examples: ['API_KEY'] }),
    prefix: z.string().max(100).optional().describe('Put before it, such as "Bearer ".'),
  })
  .meta({ description: 'A secret by its name: the variable POSTHASTE_SECRET_NAME where the worker runs.' })

/** Headers that carry secrets; a payload is stored and shown, so they are given by reference. */
const SECRET_HEADER = /authorization|cookie|token|secret|password|api[-_]?key/i

const KEPT_SECRET = 'is a secret, which is not kept with a job; give { "$secret": "NAME" }'

const headers = z
  .record(z.string(), z.union([z.string(), secret], { error: 'must be text or { $secret: NAME }' }))
  .check(({ value, issues }) => {
    for (const [name, header] of Object.entries(value)) {
      const why =
        typeof header === 'string' && SECRET_HEADER.test(name)
          ? KEPT_SECRET
          : headerProblem(name, typeof header === 'string' ? header : '')
      if (why !== null) issues.push({ code: 'custom', message: why, input: value, path: [name] })
    }
  })

/** Names in an address that say that they carry one. */
const SECRET_PARAMETER =
  /^((access|auth|id|refresh)[-_]?)?token$|^(client[-_]?)?secret$|^api[-_]?key$|^pass(word|wd)?$/i

const isSecretParameter = (name: string): boolean => SECRET_PARAMETER.test(name)

const query = z
  .record(
    z.string().min(1).max(200),
    z.union([z.string().max(4_096), z.number(), z.boolean(), secret], {
      error: 'must be text, a number, true, false, or { $secret: NAME }',
    }),
  )
  .check(({ value, issues }) => {
    for (const [name, given] of Object.entries(value)) {
      if (typeof given === 'object' || !isSecretParameter(name)) continue
      issues.push({ code: 'custom', message: KEPT_SECRET, input: value, path: [name] })
    }
  })

const url = z
  .string()
  .max(4_096)
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: 'must be a complete http or https URL',
  })
  .refine((text) => !URL.canParse(text) || new URL(text).username + new URL(text).password === '', {
    error: 'must not hold a user or password; give the header Authorization as { "$secret": "NAME" }',
  })
  .refine((text) => !URL.canParse(text) || ![...new URL(text).searchParams.keys()].some(isSecretParameter), {
    error: 'must not hold a token, key or password; give it in query as { "$secret": "NAME" }',
  })

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** Text is sent as it is, `{ "$base64": … }` and `{ "$blob": … }` as bytes, everything else as JSON. */
const body = z.unknown().check(({ value, issues }) => {
  const add = (message: string) => issues.push({ code: 'custom', message, input: value })
  const given = Object(value) as Readonly<Record<string, unknown>>
  if (Object.hasOwn(given, '$blob') && !isBlobRef(value)) {
    add('is no reference to a blob: { "$blob": "sha256:…", "type"? }')
  } else if (Object.hasOwn(given, '$base64') && !isBase64(given)) add('is no { "$base64": … }')
  else if (!secretsAreRight(value)) add('has a secret that is not { "$secret": "NAME" }')
})

const isBase64 = (given: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(given).length === 1 && typeof given['$base64'] === 'string' && BASE64.test(given['$base64'])

const secretsAreRight = (value: unknown): boolean => {
  if (isSecretRef(value)) return secret.safeParse(value).success
  return typeof value !== 'object' || value === null || Object.values(value).every(secretsAreRight)
}

const status = z.union([z.int().min(100).max(599), z.templateLiteral([z.literal([1, 2, 3, 4, 5]), 'xx'])], {
  error: 'must be a status such as 200 or "2xx"',
})

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000 } as const

/** Of a timeout as the schema lets it through: milliseconds, or a number with its unit. */
export const timeoutMs = (given: number | string): number => {
  const [, count = '', unit = 'ms'] = /^(\d{1,6})(ms|s|m)$/.exec(String(given)) ?? []
  return typeof given === 'number' ? given : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
}

const duration = z
  .union([z.int(), z.string().regex(/^\d{1,6}(ms|s|m)$/)], {
    error: 'must be a duration such as "10s" or "2m"',
  })
  .refine((given) => timeoutMs(given) >= 1 && timeoutMs(given) <= OUTBOUND_TIMEOUT_MAX_MS, {
    error: 'must be between 1ms and 5m',
  })

const captured = z
  .string()
  .max(128)
  .refine((name) => headerProblem(name, '') === null && !SECRET_HEADER.test(name), {
    error: 'is no header that can be kept',
  })

/** The payload of the task `http`. */
export const httpSchema = z
  .strictObject({
    url: url.meta({
      description: 'http or https. Public addresses, unless the setting httpAllow allows more.',
    }),
    method: z
      .string()
      .refine((name) => METHODS.has(name.toUpperCase()), {
        error: `must be one of ${[...METHODS].join(', ')}`,
      })
      .optional()
      .meta({ description: 'Default: POST with a body, else GET.' }),
    query: query.optional().meta({
      description: 'Added to the query of the address. Secrets such as api_key are given by their name.',
    }),
    headers: headers.optional().meta({
      description: 'Sent with the request. Secrets such as Authorization are given by their name.',
    }),
    body: body.optional().meta({
      description: 'Text, JSON, { "$base64": … } or { "$blob": … }. JSON may hold { "$secret": … }.',
    }),
    expect: z
      .union([status, z.array(status).min(1).max(20)])
      .optional()
      .meta({ description: 'Statuses that mean success. Default "2xx".' }),
    timeout: duration.optional().meta({ description: 'For the whole request. Default 10s, at most 5m.' }),
    redirects: z
      .int()
      .min(0)
      .max(REDIRECTS_MAX)
      .optional()
      .meta({ description: 'Followed at most. Default 3 for GET and HEAD, 0 for the others.' }),
    sign: z
      .strictObject({
        keys: z
          .union([secret, z.array(secret).min(1).max(SIGNING_KEYS_MAX)])
          .describe('Several while a key is being changed.'),
      })
      .optional()
      .meta({ description: 'Signs the body as Standard Webhooks says.' }),
    idempotency: z
      .boolean()
      .optional()
      .meta({ description: 'Sends the id of the job as Idempotency-Key. Default: for POST and PATCH.' }),
    response: z
      .strictObject({
        body: z
          .enum(['inline', 'blob', 'none'])
          .optional()
          .describe("inline: in the job's output. blob: in the blob store."),
        headers: z.array(captured).max(CAPTURED_HEADERS_MAX).optional().describe('Names of headers to keep.'),
      })
      .optional()
      .meta({
        description: 'What is kept of the answer. Default: its body, up to 64 KiB, and a few headers.',
      }),
  })
  .check(({ value, issues }) => {
    if (value.body !== undefined && ['GET', 'HEAD'].includes(value.method?.toUpperCase() ?? '')) {
      issues.push({
        code: 'custom',
        message: 'cannot be sent with this method',
        input: value,
        path: ['body'],
      })
    }
  })
  .meta({
    description: 'Sends a request to another server, and keeps the answer.',
    examples: [{ url: 'https://example.com/hook', method: 'POST', body: { hello: 'world' } }],
  })

export type HttpPayload = z.output<typeof httpSchema>
export type HttpInput = z.input<typeof httpSchema>
export type StatusPattern = z.output<typeof status>
