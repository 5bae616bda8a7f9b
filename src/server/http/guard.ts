import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import { createAttempts } from './attempts.ts'
import { HTTP_LIMITS } from './limits.ts'
import { addressOf } from './routes-events.ts'
import { createSessions } from './session.ts'
import { noteWho } from './who.ts'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** 'LocalHost:8080' → 'localhost'; a header that is no host → ''. */
const hostName = (header: string): string => {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(header.toLowerCase())
  return match?.[1] ?? ''
}

/**
 * Answers only under names that are known. A page of another site that makes its own name point to this machine (DNS
 * rebinding) sends that name in Host, and is refused by it. The port is not compared: tunnels change it.
 */
export const allowHosts = (names: readonly string[]): MiddlewareHandler => {
  const allowed = new Set([...LOOPBACK_NAMES, ...names.map((name) => name.toLowerCase())])
  return async (context, next) => {
    const header = context.req.header('host') ?? ''
    if (!allowed.has(hostName(header))) {
      throw new PosthasteError('E_HOST', `The Host header is ${JSON.stringify(header.slice(0, 100))}.`, {
        field: 'Host',
      })
    }
    await next()
  }
}

/**
 * Refuses writes that a page of another site started. Programs send neither header and are let through; browsers send
 * at least one of them and pages cannot forge them.
 */
export const refuseForeignPages: MiddlewareHandler = async (context, next) => {
  if (!SAFE_METHODS.has(context.req.method)) {
    const origin = context.req.header('origin')
    const host = context.req.header('host')?.toLowerCase()
    const site = context.req.header('sec-fetch-site')
    const sameOrigin = origin === undefined || origin === `http://${host}` || origin === `https://${host}`
    if (!sameOrigin) throw new PosthasteError('E_ORIGIN', undefined, { field: 'Origin' })
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new PosthasteError('E_ORIGIN', undefined, { field: 'Sec-Fetch-Site' })
    }
  }
  await next()
}

export const limitUrl: MiddlewareHandler = async (context, next) => {
  const { pathname, search } = new URL(context.req.url)
  if (pathname.length + search.length > HTTP_LIMITS.urlLength) {
    throw new PosthasteError('E_URL_TOO_LONG', `Path and query may have ${HTTP_LIMITS.urlLength} characters.`)
  }
  await next()
}

/** The answer must not take longer than the handler's deadline, whatever it waits for. */
export const limitTime =
  (timeoutMs: number = HTTP_LIMITS.handlerTimeoutMs): MiddlewareHandler =>
  async (_context, next) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new PosthasteError('E_DEADLINE')), timeoutMs)
    })
    try {
      await Promise.race([next(), late])
    } finally {
      clearTimeout(timer)
    }
  }

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Asks for the bearer token, or the cookie of a login, on every path that is not open. Compares digests, so that time
 * tells nothing about the token. Whoever sends wrong ones too often is not heard for a while, right ones included:
 * guessing would go on otherwise.
 */
export const requireToken = (token: string, isOpen: (path: string) => boolean): MiddlewareHandler => {
  const expected = digest(token)
  const sessions = createSessions(token)
  const attempts = createAttempts()
  return async (context, next) => {
    if (sessions.has(context)) noteWho(context, 'login')
    else if (!isOpen(context.req.path)) {
      const address = addressOf(context)
      attempts.check(address)
      const given = /^Bearer +([^\s]+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
      if (given === undefined || !timingSafeEqual(digest(given), expected)) {
        // Nothing sent is nothing tried: a page that is not logged in yet must not lock its user out.
        if (given !== undefined) attempts.failed(address)
        throw new PosthasteError('E_UNAUTHORIZED', undefined, { field: 'Authorization' })
      }
      noteWho(context, 'token')
    }
    await next()
  }
}
