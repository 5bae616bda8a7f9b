import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ROOT } from '../../scripts/lib/run.js'

/**
 * What the runs of the suite showed, from which docs/guarantees.md is written. A run compares what it shows with the file,
 * and `npm run guarantees` writes it anew; so the page cannot say what the present engines do not show.
 */
export interface Results {
  /** What each engine proved, and what it says of itself. */
  readonly engines: Readonly<Record<string, EngineResults>>
  /** What survives, by engine and how its store is set up. */
  readonly survival: Readonly<Record<string, Survival>>
}
/** How many cases proved a guarantee, and a digest of their sentences. */
export interface Proof {
  readonly cases: number
  readonly digest: string
}
export interface EngineResults {
  readonly callerTransactions: boolean
  readonly proved: Readonly<Record<string, Proof>>
}
export interface Survival {
  readonly engine: string
  readonly durability: string
  readonly lossMs?: number
}

const FILE = join(ROOT, 'docs', 'guarantees.json')
const DIGEST_LENGTH = 12

const readResults = (): Results =>
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : { engines: {}, survival: {} }

/** Which cases there are for each guarantee. */
export const proofsOf = (
  cases: readonly { readonly subject: string; readonly name: string; readonly guarantee: string }[],
): Record<string, Proof> => {
  const sentences = new Map<string, string[]>()
  for (const { subject, name, guarantee } of cases)
    sentences.set(guarantee, [...(sentences.get(guarantee) ?? []), `${subject}: ${name}`])
  return Object.fromEntries(
    [...sentences].map(([guarantee, list]) => {
      const digest = createHash('sha256').update(list.sort().join('\n')).digest('hex')
      return [guarantee, { cases: list.length, digest: digest.slice(0, DIGEST_LENGTH) }]
    }),
  )
}

/** Compares a part of the file with what the present run showed; or writes it, when GUARANTEES=write. */
export const settle = <Part extends keyof Results>(
  part: Part,
  name: string,
  shown: Results[Part][string],
): void => {
  if (process.env['GUARANTEES'] !== 'write') {
    expect(readResults()[part][name], 'docs/guarantees.json is out of date: npm run guarantees').toEqual(
      shown,
    )
    return
  }
  const results = readResults()
  const next = { ...results, [part]: { ...results[part], [name]: shown } }
  writeFileSync(FILE, `${JSON.stringify(next, null, 2)}\n`)
}
