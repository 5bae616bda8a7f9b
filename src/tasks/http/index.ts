import { type Pack, task } from '../../index.ts'
import { createOutbound, type OutboundOptions } from '../../outbound/index.ts'
import { RUN_TIMEOUT_MS } from './limits.ts'
import { httpSchema } from './payload.ts'
import { type SecretSource, secretsOfEnvironment } from './secrets.ts'
import { send } from './send.ts'

export interface HttpPackOptions extends OutboundOptions {
  /** Where secrets come from that payloads name. Default: variables that begin with POSTHASTE_SECRET_. */
  readonly secrets?: SecretSource
}

/**
 * Requests as jobs: the task `http` calls an address and keeps the answer.
 *
 * @example
 * const ph = await posthaste({ engine: 'sqlite:./jobs.db', packs: [httpPack()] })
 * await ph.add('http', { url: 'https://api.example.com/orders', body: { item: 'tea' } })
 *
 * @throws E_CONFIG when `allow` has an entry that cannot be read
 */
export function httpPack({ secrets, ...options }: HttpPackOptions = {}): Pack {
  const outbound = createOutbound(options)
  const source = secrets ?? secretsOfEnvironment(process.env)
  return {
    name: 'http',
    tasks: [
      task({
        name: 'http',
        payload: httpSchema,
        queue: 'http',
        timeout: RUN_TIMEOUT_MS,
        run: (payload, context) => send(payload, context, { outbound, secrets: source, now: Date.now }),
      }),
    ],
  }
}

export type { HttpOutput } from './capture.ts'
export type { HttpInput } from './payload.ts'
export type { SecretRef, SecretSource } from './secrets.ts'
