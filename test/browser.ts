import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CHROMIUM = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** A real browser, for the dashboard and for pictures that are to be looked at by another reader than ours. */
export const launchBrowser = (): Promise<Browser> => {
  const executablePath = CHROMIUM.find((path) => path !== undefined && existsSync(path))
  if (executablePath === undefined) {
    throw new Error(
      'Some tests need Chromium. On Debian: apt-get install chromium. Elsewhere: install it or Chrome, and set CHROMIUM_PATH.',
    )
  }
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run']
  return chromium.launch({ executablePath, args })
}
