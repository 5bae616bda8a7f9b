/**
 * `npm run build`: src/ to dist/. Statements embedded, declarations by tsc (incremental), which checks the types, modules
 * joined into few files by Rolldown, leftovers of removed sources deleted. Then dashboard/ to dashboard/dist/ by Vite,
 * when it changed.
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { luaModules } from './embed-lua.js'
import { sqlModules, writeChanged } from './embed-sql.js'
import { bundle } from './lib/bundle.js'
import { inSeconds, ROOT, requireNode, run } from './lib/run.js'
import { DASHBOARD, filesUnder, isBuilt, PACKAGE, stampBuild } from './lib/stamp.js'

/**
 * Nothing is deleted by the tools themselves: without this a removed module would go on being published.
 *
 * @param {readonly string[]} files what was made of modules, relative to dist/
 */
function removeLeftovers(files) {
  const wanted = new Set(['.tsbuildinfo', '.stamp', ...files].map((file) => `dist/${file}`))
  for (const file of filesUnder('src')) wanted.add(file.replace(/^src\/(.*)\.ts$/, 'dist/$1.d.ts'))
  for (const file of filesUnder('dist')) if (!wanted.has(file)) rmSync(join(ROOT, file))
}

/** Answers whether the page is built now. */
async function buildDashboard() {
  if (isBuilt(DASHBOARD)) return true
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js')
  // Started by a test runner, Vite would otherwise make a page for developing, with the paths of its sources inside.
  const env = { ...process.env, NODE_ENV: 'production' }
  const { ok, output, seconds } = await run([vite, 'build', '--config', 'dashboard/vite.config.js'], { env })
  if (output !== '') console.error(output)
  if (ok) {
    stampBuild(DASHBOARD)
    console.log(`Built dashboard/dist/ in ${inSeconds(seconds)}.`)
  }
  return ok
}

requireNode()
const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
if (!existsSync(tsc)) {
  console.error('The compiler is not installed. Run: npm ci')
  process.exit(1)
}
writeChanged([...sqlModules(), ...luaModules()])
const { ok, output, seconds } = await run([tsc, '-p', 'tsconfig.build.json', '--pretty', 'false'])
if (output !== '') console.error(output)
if (ok) {
  removeLeftovers(await bundle(join(ROOT, 'dist')))
  stampBuild(PACKAGE)
  console.log(`Built dist/ in ${inSeconds(seconds)}.`)
}
if (!(await buildDashboard()) || !ok) process.exitCode = 1
