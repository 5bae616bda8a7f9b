import * as library from 'posthaste'
import { expect, test } from 'vitest'
import { type Import, sourceImports } from '../repo/imports.ts'
import { readTree } from '../repo/tree.ts'

test('importing the library loads no engine, no server and no task', () => {
  const byFile = grouped(sourceImports(readTree()))
  const loaded = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    for (const { to, typeOnly, lazy, relative } of byFile.get(file) ?? []) {
      if (typeOnly || lazy) continue
      if (relative) load(to)
      else expect(to, `${file} loads ${to}`).toMatch(/^node:/)
    }
  }
  load('src/index.ts')
  expect(loaded.has('src/runtime/posthaste.ts')).toBe(true)
  expect(
    [...loaded].filter((file) => /^src\/(engines\/[^/]+|server|tasks|cli|testing)\//.test(file)),
  ).toEqual([])
})

test('the library gives out these values', () => {
  expect(Object.keys(library).sort()).toEqual([
    'Discard',
    'JOB_STATES',
    'PosthasteError',
    'RetryAfter',
    'isPosthasteError',
    'newId',
    'posthaste',
    'snooze',
    'task',
  ])
})

const grouped = (imports: readonly Import[]): Map<string, Import[]> => {
  const map = new Map<string, Import[]>()
  for (const one of imports) map.set(one.from, [...(map.get(one.from) ?? []), one])
  return map
}
