import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../../../scripts/lib/run.js'
import { ensureBuilt } from '../../cli/program.ts'
import { startServer } from './lab.ts'

/** How a program ends that opens an engine, does what it is told, and closes nothing. */
const endOf = async (url: string, work: string, onSaid: () => Promise<void> = async () => {}) => {
  await ensureBuilt()
  const script = `
    const { posthaste } = await import(process.argv[1])
    const { engine } = await posthaste({ engine: process.argv[2], maintain: false })
    await engine.listen(() => {})
    ${work}`
  const module = join(ROOT, 'dist', 'index.js')
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, url])
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let said = ''
  for await (const data of child.stdout) {
    said += data
    await onSaid()
  }
  const code = await ended
  clearTimeout(timer)
  return [code, said]
}

it('an engine that nobody closed keeps no program alive', { timeout: 150_000 }, async () => {
  const server = await startServer()
  const work = `const [counts] = await Promise.all([engine.counts(), engine.now()])
    process.stdout.write(String(counts.length))`
  expect(await endOf(server.url, work)).toEqual([0, '0'])
})

it('nor does one whose server is away', { timeout: 150_000 }, async () => {
  const server = await startServer()
  // It ends when it was told no more: by then the server is gone, and is looked for.
  const work = `process.stdout.write('up')
    const from = performance.now()
    const timer = setInterval(() => {
      if (performance.now() - from > 1000) clearInterval(timer)
    }, 50)`
  expect(await endOf(server.url, work, () => server.halt('SIGKILL'))).toEqual([0, 'up'])
})
