import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AnyTask, type Posthaste, type PosthasteOptions, posthaste } from 'posthaste'
import { afterEach } from 'vitest'

/** The engines that every test of the runtime runs on, through the public door. */
export const ENGINES = ['memory', 'sqlite'] as const
export type EngineKind = (typeof ENGINES)[number]

const toClose: Posthaste[] = []
const folders: string[] = []

afterEach(async () => {
  await Promise.all(toClose.splice(0).map((ph) => ph.close({ grace: 0 })))
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

export const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-runtime-'))
  folders.push(folder)
  return folder
}

const engineUrl = async (kind: EngineKind): Promise<string> =>
  kind === 'memory' ? 'memory:' : `sqlite:${join(await newFolder(), 'jobs.db')}`

/** An installation of its own, closed after the test. */
export const opened = async <const Tasks extends AnyTask = AnyTask>(
  kind: EngineKind,
  options: PosthasteOptions<Tasks> = {},
): Promise<Posthaste<Tasks>> => {
  const ph = await posthaste({ engine: await engineUrl(kind), ...options })
  toClose.push(ph)
  return ph
}

/** Two programs on one store. */
export const openedTwice = async <const Tasks extends AnyTask = AnyTask>(
  options: PosthasteOptions<Tasks> = {},
): Promise<[Posthaste<Tasks>, Posthaste<Tasks>]> => {
  const engine = await engineUrl('sqlite')
  const one = await opened('sqlite', { ...options, engine })
  return [one, await opened('sqlite', { ...options, engine })]
}

/** Waits until `condition` holds; fails after `timeoutMs`. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> => {
  const end = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not so within ${timeoutMs} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
