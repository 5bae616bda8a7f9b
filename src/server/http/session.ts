import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'

/** How long a login lasts. */
const SESSION_MS = 12 * 3_600_000

const NAME = 'posthaste'
/** Browsers take a cookie of this name only over TLS, for this very host, and let no neighbour overwrite it. */
const SECURE_NAME = `__Host-${NAME}`

/**
 * Logins of the dashboard without a table of sessions: the cookie carries when it ends, under a keyed digest. The key is
 * made from the token, so every process of an installation accepts it, and a changed token ends all sessions.
 */
export interface Sessions {
  /** Whether the request carries a session that is valid now. */
  has(context: Context): boolean
  /** Value of a Set-Cookie header that begins a session. */
  begin(context: Context): string
  /** Values of the Set-Cookie headers that end it. */
  readonly end: readonly string[]
}

export const createSessions = (token: string, now: () => number = Date.now): Sessions => {
  const key = createHash('sha256').update(`posthaste session\0${token}`).digest()
  const seal = (text: string): Buffer => createHmac('sha256', key).update(text).digest()

  const isValid = (value: string): boolean => {
    const [expires = '', nonce = '', mac = ''] = value.split('.')
    const given = Buffer.from(mac, 'base64url')
    const expected = seal(`${expires}.${nonce}`)
    return given.length === expected.length && timingSafeEqual(given, expected) && Number(expires) > now()
  }

  return {
    has(context) {
      const value = getCookie(context, SECURE_NAME) ?? getCookie(context, NAME)
      return value !== undefined && isValid(value)
    },
    begin(context) {
      const body = `${now() + SESSION_MS}.${randomBytes(12).toString('base64url')}`
      const value = `${body}.${seal(body).toString('base64url')}`
      const attributes = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1000}`
      // There is no TLS here; a proxy may bring it. The browser itself says how it loaded the page.
      return context.req.header('origin')?.startsWith('https:')
        ? `${SECURE_NAME}=${value}; ${attributes}; Secure`
        : `${NAME}=${value}; ${attributes}`
    },
    end: [
      `${NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`,
      `${SECURE_NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure`,
    ],
  }
}
