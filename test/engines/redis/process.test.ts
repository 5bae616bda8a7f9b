import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../../../scripts/lib/run.js'
import { ensureBuilt } from '../../cli/program.ts'
import { startServer } from './lab.ts'

it('an engine that nobody closed keeps no program alive', { timeout: 150_000 }, async () => {
  await ensureBuilt()
  const server = await startServer()
  const script = `
    const { openEngine } = await import(process.argv[1])
    const engine = await openEngine(process.argv[2])
    await engine.listen(() => {})
    const [counts] = await Promise.all([engine.counts(), engine.now()])
    process.stdout.write(String(counts.length))`
  const module = join(ROOT, 'dist', 'engines', 'open.js')
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, server.url])
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  let said = ''
  child.stdout.on('data', (data) => {
    said += data
  })
  const code = await new Promise((resolve) => child.once('exit', resolve))
  clearTimeout(timer)
  expect([code, said]).toEqual([0, '0'])
})
