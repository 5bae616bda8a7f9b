import type { ServerDeps } from '../deps.ts'
import { mergeRoutes, type Routes } from '../routes.ts'
import { backgroundRoutes } from './background.ts'
import { distributedRoutes } from './distributed.ts'
import { taskQueueRoutes } from './task-queue.ts'

/** The requests of the older systems, answered in their shapes, words and numbers. See docs/heritage.md. */
export const heritageRoutes = (deps: ServerDeps): Routes =>
  mergeRoutes([taskQueueRoutes(deps), distributedRoutes(deps), backgroundRoutes(deps)])
