import type { ServerDeps } from './deps.ts'
import type { Handler, Method, Routes } from './routes.ts'

/** What the packs bring; the server does not know what it is. */
export const packRoutes = ({ packs }: ServerDeps): Routes => {
  const routes = new Map<string, Partial<Record<Method, Handler>>>()
  for (const { method, path, handler } of packs.flatMap((pack) => pack.routes ?? [])) {
    const answer: Handler = (context) => handler(context.req.raw, context.req.param())
    routes.set(path, { ...routes.get(path), [method]: answer })
  }
  return routes
}
