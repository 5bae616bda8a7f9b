import { PosthasteError } from '../../core/errors.ts'
import type { EngineInfo } from '../engine.ts'
import { calling, type Link } from './link.ts'

/** What the server is and promises; some of it can change while it runs. */
export interface ServerFacts {
  readonly version: string
  readonly durability: EngineInfo['durability']
  /** What may be lost all the same, or null. */
  readonly lossMs: number | null
}

const VERSION_LEAST = [6, 2] as const
/** How long Redis waits between two syncs when it syncs every second. */
const EVERY_SECOND_MS = 1_000

const fieldsOf = (info: string): Map<string, string> =>
  new Map(
    info
      .split('\r\n')
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )

/** Settings by name; empty when this user may not read them. */
const settings = async (link: Link): Promise<Map<string, string>> => {
  try {
    const list = (await link.call('config', ['get', 'append*'])) as string[]
    return new Map(list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] ?? '']] : [])))
  } catch {
    return new Map()
  }
}

const durabilityOf = (
  info: ReadonlyMap<string, string>,
  config: ReadonlyMap<string, string>,
): Pick<ServerFacts, 'durability' | 'lossMs'> => {
  // Without a log of every write, a crash takes everything since the last snapshot.
  if (info.get('aof_enabled') !== '1') return { durability: 'none', lossMs: null }
  const sync = config.get('appendfsync')
  if (sync === 'always') return { durability: 'system', lossMs: null }
  return { durability: 'process', lossMs: sync === 'everysec' ? EVERY_SECOND_MS : null }
}

const isOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < VERSION_LEAST[0] || (major === VERSION_LEAST[0] && minor < VERSION_LEAST[1])
}

const readInfo = async (link: Link): Promise<Map<string, string>> =>
  fieldsOf(String(await calling(link, 'info', [])))

const toFacts = async (link: Link, info: ReadonlyMap<string, string>): Promise<ServerFacts> => ({
  version: info.get('redis_version') ?? '',
  ...durabilityOf(info, await settings(link)),
})

/**
 * Whether jobs can be trusted to this server.
 * @throws E_STORE_VERSION, E_STORE_READ_ONLY, E_STORE_EVICTS
 */
export const checkServer = async (link: Link): Promise<ServerFacts> => {
  const info = await readInfo(link)
  const version = info.get('redis_version') ?? ''
  if (isOld(version)) {
    throw new PosthasteError('E_STORE_VERSION', `${link.where} is Redis ${version}.`)
  }
  if (info.get('role') === 'slave') {
    throw new PosthasteError('E_STORE_READ_ONLY', `${link.where} is a replica.`)
  }
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction') {
    const what = `${link.where} has maxmemory-policy ${policy}: it would drop jobs when its memory is full.`
    throw new PosthasteError('E_STORE_EVICTS', what)
  }
  return toFacts(link, info)
}
