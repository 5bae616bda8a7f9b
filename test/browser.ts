import { type Browser, chromium } from 'playwright-core'
import { findChromium } from '../scripts/lib/chromium.js'

/** A real browser, for the dashboard and for pictures that are to be looked at by another reader than ours. */
export const launchBrowser = async (): Promise<Browser> => {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run']
  return chromium.launch({ executablePath: await findChromium(), args })
}
