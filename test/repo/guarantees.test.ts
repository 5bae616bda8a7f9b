import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readResults, renderGuarantees } from '../../scripts/guarantees.js'
import { GUARANTEES } from '../../src/engines/conformance/guarantees.ts'
import { conformanceCases } from '../../src/engines/conformance/index.ts'
import { proofsOf } from '../engines/guarantees.ts'
import { ROOT } from './tree.ts'

const results = readResults()
const suite = proofsOf(conformanceCases())

it('docs/guarantees.json is about the cases that there are (npm run guarantees)', () => {
  expect(results.engines['memory']?.proved).toEqual(suite)
  expect(Object.keys(results.engines)).toEqual(['memory', 'sqlite', 'redis', 'postgres'])
})

it('docs/guarantees.md is fresh (npm run docs)', () => {
  const page = readFileSync(join(ROOT, 'docs', 'guarantees.md'), 'utf8')
  expect(page).toBe(renderGuarantees(GUARANTEES, results))
})

it('every guarantee has cases that prove it, and a case that is new makes the page stale', () => {
  expect(GUARANTEES.map(({ name }) => name).filter((name) => suite[name] === undefined)).toEqual([])
  const more = proofsOf([
    ...conformanceCases(),
    { subject: 'Claiming', name: 'new', guarantee: 'Order of claims' },
  ])
  expect(more).not.toEqual(suite)
})

it('an engine that shows less than the reference model is not said to show all', () => {
  const proved = { ...suite, Pause: { cases: 1, digest: 'other' } }
  const less = { ...results, engines: { ...results.engines, redis: { callerTransactions: false, proved } } }
  const row = renderGuarantees(GUARANTEES, less)
    .split('\n')
    .find((line) => line.startsWith('| Pause |'))
  expect(row).toMatch(/\| 1 of \d+ \|$/)
})
