import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ROOT } from './tree.ts'

const node = promisify(execFile)
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>
}
const subpaths = Object.keys(manifest.exports).filter((path) => !path.endsWith('.json'))

// A program of its own, because Vitest finds `posthaste` in the sources: this is about the build (npm run build).
it.each(subpaths)('the built package can be imported by its name: %s', async (subpath) => {
  const name = `posthaste${subpath.slice(1)}`
  const program = `const names = Object.keys(await import('${name}')); console.log(names.length)`
  const { stdout } = await node(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    timeout: 15_000,
  })
  expect(Number(stdout)).toBeGreaterThan(0)
})
