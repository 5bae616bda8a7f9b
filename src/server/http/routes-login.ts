import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { isPosthasteError } from '../../core/errors.ts'
import { createAttempts } from './attempts.ts'
import { readForm } from './body-form.ts'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'
import { addressOf } from './routes-events.ts'
import { createSessions } from './session.ts'

const HOME = '/dashboard'
const LOGIN = '/dashboard/login'

/**
 * The door of the dashboard for people: a form that posts the token once and gets a cookie for it, so that the token is
 * in no address and no script. Both answers are redirects, because a browser shows them.
 */
export const loginRoutes = ({ token, logger }: ServerDeps): Routes => {
  const sessions = token === null ? null : createSessions(token)
  const attempts = createAttempts()
  const expected = digest(token ?? '')

  return new Map([
    [
      LOGIN,
      {
        async POST(context: Context) {
          if (sessions === null) return context.redirect(HOME, 303)
          const address = addressOf(context)
          try {
            attempts.check(address)
          } catch (error) {
            if (!isPosthasteError(error, 'E_TOO_MANY')) throw error
            logger.warn({ address }, 'a login was refused: too many wrong tokens')
            return context.redirect(`${LOGIN}?refused=many`, 303)
          }
          const form = await readForm(context.req.raw)
          if (!timingSafeEqual(digest(form.get('token') ?? ''), expected)) {
            attempts.failed(address)
            logger.warn({ address }, 'a login was refused: wrong token')
            return context.redirect(`${LOGIN}?refused=wrong`, 303)
          }
          logger.info({ address }, 'logged in')
          context.header('set-cookie', sessions.begin(context))
          return context.redirect(HOME, 303)
        },
      },
    ],
    [
      '/dashboard/logout',
      {
        POST(context: Context) {
          for (const cookie of sessions?.end ?? []) context.header('set-cookie', cookie, { append: true })
          logger.info({ address: addressOf(context) }, 'logged out')
          return context.redirect(LOGIN, 303)
        },
      },
    ],
  ])
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
