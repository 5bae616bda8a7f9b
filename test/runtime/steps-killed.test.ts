import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Posthaste, posthaste } from 'posthaste'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { ensureBuilt } from '../cli/program.ts'
import { ENGINES, newEngineUrl } from '../servers/engines.ts'
import { dropSchemas } from '../servers/postgres.ts'
import { newFolder, until } from './open.ts'

beforeAll(ensureBuilt, 120_000)
afterAll(dropSchemas)

const PROGRAM = fileURLToPath(new URL('processes/steps.mjs', import.meta.url))

/** The real worker process; `kill` ends it without warning and waits for its end. */
const startWorker = (settings: object): { readonly kill: () => Promise<void> } => {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

test.each(ENGINES)('a killed worker: the steps that it finished do not run again (%s)', async (kind) => {
  const folder = await newFolder()
  const engine = await newEngineUrl(kind, folder)
  const file = join(folder, 'done.txt')
  await writeFile(file, '')
  const lines = async (): Promise<string[]> => (await readFile(file, 'utf8')).split('\n').filter(Boolean)
  const ph: Posthaste = await posthaste({ engine })
  onTestFinished(() => ph.close())

  const job = await ph.add('pack', null)
  const first = startWorker({ engine, file, actor: 'first', stopBefore: 'last' })
  await until(async () => (await lines()).includes('waits'), 30_000)
  expect((await ph.get(job.id))?.steps.map(({ name }) => name)).toHaveLength(3)
  await first.kill()

  startWorker({ engine, file, actor: 'second' })
  const done = await ph.waitFor(job.id, { timeout: '30s' })
  expect(done.state).toBe('completed')
  expect(done.output).toEqual(['one by first', 'left by first', 'right by first', 'last by second'])
  expect((await lines()).sort()).toEqual(['last', 'left', 'one', 'right', 'waits'])
  expect(done.steps.map(({ name }) => name).sort()).toEqual(['last', 'left', 'one', 'right'])
  // What the killed run had added was not written; what the second one added came with its end.
  expect((await ph.list({ task: 'trace' })).jobs).toHaveLength(1)
})
