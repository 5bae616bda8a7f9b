import { join } from 'node:path'
import { newSchemaUrl } from './postgres.ts'
import { newRedisUrl } from './redis.ts'

export type EngineKind = 'sqlite' | 'postgres' | 'redis'

/** Those that this run is about: `npm run test:quick` leaves out what needs a server. */
export const ofThisRun = <Kind extends string>(kinds: readonly Kind[]): readonly Kind[] =>
  process.env['TEST_QUICK'] === undefined
    ? kinds
    : kinds.filter((kind) => kind !== 'postgres' && kind !== 'redis')

/** The engines that keep jobs for more than one process: what stands on an engine is shown on each of them. */
export const ENGINES = ofThisRun<EngineKind>(['sqlite', 'postgres', 'redis'])

/** The URL of an installation that nobody else has and that does not exist yet; a file lies in `folder`. */
export const newEngineUrl = async (kind: EngineKind, folder: string): Promise<string> => {
  if (kind === 'postgres') return await newSchemaUrl()
  return kind === 'redis' ? newRedisUrl() : `sqlite:${join(folder, 'posthaste.db')}`
}
