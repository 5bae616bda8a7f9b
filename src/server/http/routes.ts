import type { Context, Hono } from 'hono'
import { PosthasteError } from '../../core/errors.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Handler = (context: Context) => Response | Promise<Response>
/** Path → method → handler. One path may be named once. */
export type Routes = ReadonlyMap<string, Partial<Record<Method, Handler>>>

/**
 * One table of several. A path may be named in more than one of them, each with methods of its own; where two name the
 * same method, the first one has it.
 */
export const mergeRoutes = (tables: readonly Routes[]): Routes => {
  const merged = new Map<string, Partial<Record<Method, Handler>>>()
  for (const [path, handlers] of tables.flatMap((table) => [...table])) {
    merged.set(path, { ...handlers, ...merged.get(path) })
  }
  return merged
}

/**
 * Adds routes; another method on a known path is answered with 405 and the methods there are. First all routes, then
 * all refusals: what one path refuses, a pattern that fits it as well may have.
 */
export const addRoutes = (app: Hono, routes: Routes): void => {
  for (const [path, handlers] of routes) {
    for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler)
  }
  for (const [path, handlers] of routes) {
    const allow = Object.keys(handlers).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    app.all(path, (context) => {
      throw new PosthasteError('E_METHOD', `${context.req.method} is not allowed on ${context.req.path}.`, {
        data: { allow: allow.join(', ') },
      })
    })
  }
}

/** A parameter that is given once is text, one given several times is a list. */
export const queryOf = (context: Context): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(context.req.queries()).map(([name, values]) => [
      name,
      values.length === 1 ? (values[0] ?? '') : values,
    ]),
  )
