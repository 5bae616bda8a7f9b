import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { LINES } from './lines.ts'

const here = new URL('./', import.meta.url)
const tests = readdirSync(here)
  .filter((name) => name.endsWith('.test.ts') && name !== 'lines.test.ts')
  .map((name) => readFileSync(new URL(name, here), 'utf8'))
  .join('\n')
const page = readFileSync(new URL('../../docs/heritage.md', import.meta.url), 'utf8')

const count = (letter: string, last: number): string[] =>
  Array.from({ length: last }, (_, index) => `${letter}${index + 1}`)

it('names every line of the five systems', () => {
  const all = [count('E', 9), count('T', 6), count('D', 7), count('B', 8), count('A', 10)].flat()
  expect(Object.keys(LINES)).toEqual(all)
})

it.each(Object.entries(LINES))('%s is shown by a test of its name, or says what is missing', (name, line) => {
  const isTested = new RegExp(`\\bit\\(\\s*'${name} `).test(tests)
  expect(isTested).toBe(line.covered)
  if (!line.covered) expect(line.later).toMatch(/\w/)
})

it.each(Object.entries(LINES))('%s stands on the page for those who move', (name, { what, later }) => {
  const row = page.split('\n').find((one) => one.startsWith(`| ${name} |`))
  expect(row).toContain(`| ${what} |`)
  if (later !== undefined) expect(row).toContain(later)
})
