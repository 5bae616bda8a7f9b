import { readFileSync } from 'node:fs'
import { packageFile } from '../core/place.ts'

/** The version of the package, as its package.json says. */
export const packageVersion = (): string => {
  const text = readFileSync(packageFile('package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
