import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type AnyTask, type Posthaste, posthaste } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { createServer } from '../../src/server/index.ts'
import { launchBrowser } from '../browser.ts'
import { ensureBuilt } from '../cli/program.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
/** How long anything on the page may take until it is there: a loaded machine, not a slow page, is what it waits for. */
const SOON_MS = 15_000

/** A real server on a real SQLite file, and a real browser. */
export interface Lab {
  readonly ph: Posthaste
  readonly url: string
  /** A page of its own, with what it does wrong. */
  open(path: string, options?: PageOptions): Promise<Visit>
  close(): Promise<void>
}
export interface PageOptions {
  readonly theme?: 'light' | 'dark'
  readonly width?: number
}
export interface Visit {
  readonly page: Page
  /** Violations of the policy, uncaught errors, errors on the console, dialogs, requests to anywhere else. */
  readonly faults: string[]
  /** Rows of every answered page of jobs. */
  readonly pageSizes: number[]
}

export const openLab = async (
  options: { readonly tasks?: readonly AnyTask[]; readonly token?: string } = {},
): Promise<Lab> => {
  await ensureBuilt()
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-dashboard-'))
  const ph = await posthaste({ engine: `sqlite:${join(folder, 'jobs.db')}`, tasks: options.tasks ?? [] })
  const server = createServer({
    posthaste: ph,
    packs: [],
    logger: silentLogger,
    token: options.token ?? null,
  })
  const url = await server.start({ host: '127.0.0.1', port: 0 })
  const browser = await launchBrowser()
  return {
    ph,
    url,
    open: (path, pageOptions) => visit(browser, url, path, pageOptions),
    async close() {
      await browser.close()
      await server.stop()
      await ph.close({ grace: 0 })
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const visit = async (
  browser: Browser,
  url: string,
  path: string,
  { theme = 'light', width = 1440 }: PageOptions = {},
): Promise<Visit> => {
  const context: BrowserContext = await browser.newContext({
    colorScheme: theme,
    viewport: { width, height: 900 },
  })
  context.setDefaultTimeout(SOON_MS)
  await context.addInitScript({ path: AXE })
  const page = await context.newPage()
  const faults: string[] = []
  const pageSizes: number[] = []
  await page.exposeFunction('posthasteFault', (what: string) => {
    faults.push(what)
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      const report = (window as unknown as { posthasteFault: (what: string) => void }).posthasteFault
      report(`policy: ${violatedDirective} ${blockedURI}`)
    })
  })
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()} ${message.location().url}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      faults.push(`request: ${request.url()}`)
  })
  page.on('response', async (response) => {
    const { pathname } = new URL(response.url())
    if (pathname !== '/v1/jobs' || response.request().method() !== 'GET' || !response.ok()) return
    // The page may go on while its answer is read here.
    const body = await response.json().catch(() => null)
    if (body !== null) pageSizes.push(body.jobs.length)
  })
  await page.goto(url + path)
  return { page, faults, pageSizes }
}

/** Asks again until the answer is right. */
export const eventually = async <T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  what: string,
): Promise<T> => {
  const until = Date.now() + SOON_MS
  for (;;) {
    const answer = await ask()
    if (isRight(answer)) return answer
    if (Date.now() > until) throw new Error(`${what} did not happen; last seen: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
