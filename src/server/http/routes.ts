import type { Context, Hono } from 'hono'
import { PosthasteError } from '../../core/errors.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
export type Handler = (context: Context) => Response | Promise<Response>
/** Path → method → handler. One path may be named once. */
export type Routes = ReadonlyMap<string, Partial<Record<Method, Handler>>>

/** Adds routes; another method on a known path is answered with 405 and the methods there are. */
export const addRoutes = (app: Hono, routes: Routes): void => {
  for (const [path, handlers] of routes) {
    for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler)
    const allow = Object.keys(handlers).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    app.all(path, (context) => {
      throw new PosthasteError('E_METHOD', `${context.req.method} is not allowed on ${context.req.path}.`, {
        data: { allow: allow.join(', ') },
      })
    })
  }
}
