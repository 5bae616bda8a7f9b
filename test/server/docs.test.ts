import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { DOORS } from './doors.ts'

const page = readFileSync(new URL('../../docs/http-api.md', import.meta.url), 'utf8')
const written = [...page.matchAll(/^### ((?:GET|POST|PUT|PATCH|DELETE) \S+)$|`((?:GET|POST) \/\S*)`/gm)].map(
  ([, heading, mentioned]) => heading ?? mentioned ?? '',
)

// The table has every route of the server: the security tests see to that.
it('docs/http-api.md has every route', () => {
  expect(Object.keys(DOORS).filter((door) => !written.includes(door))).toEqual([])
})

it('docs/http-api.md has no other', () => {
  expect(written.filter((door) => !(door in DOORS))).toEqual([])
})
