/**
 * `npm run build`: src/ to dist/. TypeScript by tsc (incremental), statements embedded before, other files copied
 * after, leftovers of removed sources deleted. Then dashboard/ to dashboard/dist/ by Vite, when it changed.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { luaModules } from './embed-lua.js'
import { sqlModules, writeChanged } from './embed-sql.js'
import { inSeconds, ROOT, requireNode, run } from './lib/run.js'
import { DASHBOARD, filesUnder, isBuilt, PACKAGE, stampBuild } from './lib/stamp.js'

/** Sources that are compiled or embedded; everything else is copied beside the output. */
const isCode = (/** @type {string} */ file) => /\.(ts|sql|lua|md)$/.test(file)

/** @param {string} file */
const outputOf = (file) => file.replace(/^src\//, 'dist/')

/** Copies stylesheets, pages, scripts of other languages. */
function copyAssets() {
  for (const file of filesUnder('src').filter((name) => !isCode(name))) {
    mkdirSync(join(ROOT, dirname(outputOf(file))), { recursive: true })
    copyFileSync(join(ROOT, file), join(ROOT, outputOf(file)))
  }
}

/** tsc never deletes: without this a removed module would go on being published. */
function removeLeftovers() {
  const wanted = new Set(['dist/.tsbuildinfo', 'dist/.stamp'])
  for (const file of filesUnder('src')) {
    const base = outputOf(file).replace(/\.ts$/, '')
    wanted.add(outputOf(file)).add(`${base}.js`).add(`${base}.d.ts`)
  }
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
removeLeftovers()
copyAssets()
if (ok) {
  stampBuild(PACKAGE)
  console.log(`Built dist/ in ${inSeconds(seconds)}.`)
}
if (!(await buildDashboard()) || !ok) process.exitCode = 1
