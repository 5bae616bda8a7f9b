import type { Context } from 'hono'
import { readJson } from '../body.ts'
import type { ServerDeps } from '../deps.ts'
import { type Problem, problemResponse } from '../problem.ts'
import type { Handler } from '../routes.ts'

/**
 * The JSON body of an old client. They name whatever content type their library or curl came with, so it is not looked
 * at, unless the request comes from a browser: there it is what keeps pages of other sites from writing.
 */
export const readOldJson = ({ req }: Context): Promise<unknown> => {
  const isFromPage = req.header('origin') !== undefined || req.header('sec-fetch-site') !== undefined
  return readJson(req.raw, { anyType: !isFromPage })
}

/** Old clients look for what went wrong under `message`: their errors are problem documents that have it as well. */
export const oldDoor =
  ({ logger }: Pick<ServerDeps, 'logger'>, handler: Handler): Handler =>
  async (context) => {
    try {
      return await handler(context)
    } catch (error) {
      const response = problemResponse(error, logger)
      const problem = (await response.json()) as Problem
      return new Response(JSON.stringify({ message: problem.detail, ...problem }), response)
    }
  }
