import { existsSync } from 'node:fs'
import { installPackage, lastLine } from './debian.js'

const PLACES = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

const inPlace = () => PLACES.find((path) => path !== undefined && existsSync(path))

/**
 * Looks for Chromium, which tests of the page and of pictures need, and installs it where root may (Debian).
 *
 * @returns {Promise<string>} the program
 */
export const findChromium = async () => {
  const found = inPlace()
  if (found !== undefined) return found
  const why = await installPackage('chromium').then(
    () => 'apt-get install chromium: it is not where it was looked for',
    (error) => `apt-get install chromium: ${lastLine(error)}`,
  )
  const installed = inPlace()
  if (installed !== undefined) return installed
  throw new Error(
    `Some tests need Chromium (${why}). On Debian: apt-get install chromium. Elsewhere: install it or Chrome, and set CHROMIUM_PATH.`,
  )
}
