import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Real data, in a folder that is not part of the project: `npm run test:corpus -- DIR`. What lies in it belongs to others,
 * so nothing of it is committed; the tests say what they expect of data of that kind.
 */
const root = process.env['TEST_DATA']
if (root === undefined) throw new Error('Say where the data is: npm run test:corpus -- DIR')

export const corpusText = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')
export const corpusBytes = (...path: string[]): Promise<Buffer> => readFile(join(root, ...path))
export const corpusPath = (...path: string[]): string => join(root, ...path)
export const corpusNames = async (...path: string[]): Promise<string[]> =>
  (await readdir(join(root, ...path))).sort()

/** One line of the scores that the run prints. */
export const score = (what: string, good: number, of: number): void =>
  console.log(`score: ${what}: ${good} of ${of}`)
