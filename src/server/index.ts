/** The HTTP door, for programs that bring their own installation: `posthaste/server`. */
export type { ServerDeps } from './http/deps.ts'
export { createServer, type HttpServer } from './http/server.ts'
