import { readFileSync } from 'node:fs'

/** The version of the package, as its package.json says. */
export const packageVersion = (): string => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
