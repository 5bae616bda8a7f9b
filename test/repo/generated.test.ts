import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages } from '../../scripts/docs.js'
import { luaModules, renderLua } from '../../scripts/embed-lua.js'
import { renderSql, sqlModules } from '../../scripts/embed-sql.js'
import * as errors from '../../src/core/errors.ts'
import * as settings from '../../src/core/settings.ts'
import * as states from '../../src/core/states.ts'
import { ROOT } from './tree.ts'

const current = (path: string): string =>
  existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : ''

describe('generated files are fresh (npm run docs)', () => {
  it.each([...pages(errors, states, settings), ...sqlModules(), ...luaModules()])(
    '$path',
    ({ path, text }) => {
      expect(current(path)).toBe(text)
    },
  )

  it('and a change of a table makes a page stale', () => {
    const renamed = { ...errors, ERRORS: { ...errors.ERRORS, E_NEW: errors.ERRORS.E_STATE } }
    const [before, after] = [pages(errors, states, settings), pages(renamed, states, settings)]
    const stale = after.filter(({ text }, index) => text !== before[index]?.text)
    expect(stale.map(({ path }) => path)).toEqual(['docs/errors.md'])
  })
})

it('docs/errors.md explains every code', () => {
  const page = current('docs/errors.md')
  expect(Object.keys(errors.ERRORS).filter((code) => !page.includes(`## ${code}\n`))).toEqual([])
})

describe('embedding SQL', () => {
  it('keeps a statement as it is, names it after its file and keeps its header as a comment', () => {
    const text = renderSql({
      'claim-ready.sql':
        "-- Takes the first jobs.\n-- Index: ready_order */\n\nselect '`${x}\\' -- why\nfrom jobs;\n",
    })
    expect(text).toContain(
      '  /**\n   * Takes the first jobs.\n   * Index: ready_order * /\n   */\n  claimReady: `',
    )
    const body = text.slice(text.indexOf('`select'), text.lastIndexOf('`') + 1)
    expect(new Function(`return ${body}`)()).toBe("select '`${x}\\' -- why\nfrom jobs;")
  })

  it('keeps migrations whole and in order', () => {
    const text = renderSql({ 'migrations/0002_b.sql': 'b', 'migrations/0001_a.sql': '-- Why.\na' })
    expect(text).toContain("{ name: '0001_a', sql: `-- Why.\na` },\n  { name: '0002_b', sql: `b` },")
  })

  it('refuses two files of one name, a file without a statement, and folders that it does not know', () => {
    expect(() => renderSql({ 'get-job.sql': 'a', 'get_job.sql': 'b' })).toThrow('same name')
    expect(() => renderSql({ 'get.sql': '-- nothing\n' })).toThrow('no statement')
    expect(() => renderSql({ 'old/get.sql': 'a' })).toThrow('old/get.sql')
  })
})

describe('embedding Lua', () => {
  it('keeps a script with what it needs and its flags, and its header as a comment', () => {
    const text = renderLua({
      'include/keys.lua': '-- Keys.\nlocal P = 1\n',
      'list-jobs.lua': '-- Lists jobs.\n\n-- flags no-writes\n-- include keys\n\nreturn P\n',
    })
    expect(text).toContain('  keys: `-- Keys.\nlocal P = 1\n`,')
    expect(text).toContain(
      "  /**\n   * Lists jobs.\n   */\n  listJobs: {\n    includes: ['keys'],\n    flags: ['no-writes'],\n    text: `return P`,\n  },",
    )
  })

  it('puts what is included in an order that suits every script', () => {
    const text = renderLua({
      'include/a.lua': 'local a = b',
      'include/b.lua': 'local b = c',
      'include/c.lua': 'local c = 1',
      'one.lua': '-- One.\n-- include b\n-- include a\nreturn a',
      'two.lua': '-- Two.\n-- include c\n-- include b\nreturn b',
    })
    const places = ['  c: ', '  b: ', '  a: '].map((piece) => text.indexOf(piece))
    expect(places).toEqual([...places].sort((x, y) => x - y))
    const circle = { 'three.lua': '-- Three.\n-- include a\n-- include c\nreturn a' }
    const files = {
      'include/a.lua': 'x',
      'include/c.lua': 'x',
      'one.lua': '-- x\n-- include c\n-- include a\nreturn 1',
    }
    expect(() => renderLua({ ...files, ...circle })).toThrow('in no one order: a, c')
  })

  it('refuses an include that is not there, a file without a script, and folders that it does not know', () => {
    expect(() => renderLua({ 'a.lua': '-- include b\nreturn 1' })).toThrow('includes what is not there: b')
    expect(() => renderLua({ 'a.lua': '-- nothing\n' })).toThrow('no script')
    expect(() => renderLua({ 'old/a.lua': 'return 1' })).toThrow('old/a.lua')
  })
})
