import type { Context } from 'hono'
import { z } from 'zod'
import type { ServerDeps } from '../deps.ts'
import type { Routes } from '../routes.ts'
import { check } from '../schemas.ts'
import { oldDoor, readOldJson } from './door.ts'
import { taskOfType } from './types.ts'

const submitBody = z.strictObject({ type: z.string(), payload: z.unknown() })

/** The request of Distributed Task Queue: `POST /submit`. A type that nobody knows yet waits for a worker that does. */
export const distributedRoutes = (deps: ServerDeps): Routes =>
  new Map([
    [
      '/submit',
      {
        POST: oldDoor(deps, async (context: Context) => {
          const { type, payload } = check(submitBody, await readOldJson(context), 'body')
          const { id, state } = await deps.posthaste.add(taskOfType(deps, type, 'type'), payload ?? null)
          context.header('location', `/v1/jobs/${id}`)
          return context.json({ message: 'Job submitted', id, type, state }, 201)
        }),
      },
    ],
  ])
