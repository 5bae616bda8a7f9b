import { join } from 'node:path'
import { newSchemaUrl } from './postgres.ts'
import { newRedisUrl } from './redis.ts'

/** The engines that keep jobs for more than one process: what stands on an engine is shown on each of them. */
export const ENGINES = ['sqlite', 'postgres', 'redis'] as const
export type EngineKind = (typeof ENGINES)[number]

/** The URL of an installation that nobody else has and that does not exist yet; a file lies in `folder`. */
export const newEngineUrl = async (kind: EngineKind, folder: string): Promise<string> => {
  if (kind === 'postgres') return await newSchemaUrl()
  return kind === 'redis' ? newRedisUrl() : `sqlite:${join(folder, 'posthaste.db')}`
}
