import type { Context } from 'hono'

const NAME = 'who'
/** Who acts when nothing is asked: the server has no token. */
const ANYONE = 'http'

/** Noted by the guard for whoever writes down what was done. */
export const noteWho = (context: Context, who: 'token' | 'login'): void =>
  context.set(NAME, `${ANYONE} ${who}`)

/** Who acts, for the history of a job and for the audit: 'http', 'http token', or 'http login' for the dashboard. */
export const whoOf = (context: Context): string => (context.get(NAME) as string | undefined) ?? ANYONE
