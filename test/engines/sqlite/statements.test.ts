import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FINISHED_STATES, JOB_STATES } from '../../../src/core/states.ts'
import type { SqliteDatabase } from '../../../src/engines/sqlite/driver.ts'
import { newFolder, newJobs, openEngine, openHandle } from './lab.ts'

/**
 * What the header of a statement says about its index is held against SQLite's own plan. A statement that lost its
 * index still works in every other test, and then takes a minute at a million jobs.
 */
const FOLDER = new URL('../../../src/engines/sqlite/sql/', import.meta.url)

const statements = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sql'))
  .map((file) => {
    const lines = readFileSync(new URL(file, FOLDER), 'utf8').split('\n')
    const header = lines
      .filter((line) => line.startsWith('--'))
      .map((line) => line.slice(2).trim())
      .join(' ')
    return {
      name: file.replace('.sql', ''),
      header,
      sql: lines.filter((line) => !line.startsWith('--')).join('\n'),
    }
  })

/** Tables that grow with the number of jobs: no statement may read one of them from end to end. */
const LARGE = ['jobs', 'ready', 'waiting', 'finished', 'notes', 'keys', 'logs', 'records']

const planOf = (database: SqliteDatabase, sql: string): string[] =>
  database
    .prepare(`explain query plan ${sql}`)
    .all()
    .map((row) => String((row as { readonly detail: string }).detail))

/** How the plan names what a header calls "the primary key of …" or "the unique one of …". */
const indexIn = (header: string): RegExp | undefined => {
  const said = /\bIndex: (the (?:primary key|unique one|integer key) of (\w+)|\w+)/.exec(header)
  if (said === null) return undefined
  const [, name = '', table] = said
  if (name.startsWith('the primary key'))
    return /SEARCH .* USING (COVERING )?(PRIMARY KEY|INTEGER PRIMARY KEY)/
  if (name.startsWith('the integer key')) return /SEARCH \w+( USING INTEGER PRIMARY KEY|$)/m
  if (name.startsWith('the unique one')) return new RegExp(`SEARCH .*sqlite_autoindex_${table}_\\d`)
  return new RegExp(`(SEARCH|SCAN) .* INDEX ${name}\\b`)
}

/** What a scan in a plan reads: an alias is resolved by the statement's text. */
const scannedIn = (plan: readonly string[], sql: string): string[] =>
  plan
    .filter((line) => /^SCAN /.test(line))
    .map((line) => line.split(' ')[1] ?? '')
    .map((alias) => new RegExp(`(?:from|join)\\s+(\\w+) as ${alias}\\b`).exec(sql)?.[1] ?? alias)

describe('the statements of sqlite', async () => {
  it('each have a header that says what they do, and with which parameters', () => {
    for (const { name, header, sql } of statements) {
      expect(header, name).toMatch(/^[A-Z].+\./)
      if (/\?|:\w+/.test(sql)) expect(header, name).toMatch(/Parameters/)
    }
  })

  it('use the index that their header names', async () => {
    const path = join(newFolder(), 'jobs.db')
    await openEngine({ path, thread: false })
    const database = await openHandle(path)
    for (const { name, header, sql } of statements) {
      const index = indexIn(header)
      if (index !== undefined) expect(planOf(database, sql).join('\n'), name).toMatch(index)
    }
  })

  it('never read a large table from end to end, nor sort one', async () => {
    const path = join(newFolder(), 'jobs.db')
    const engine = await openEngine({ path, thread: false })
    await engine.insert(newJobs(1_000))
    const database = await openHandle(path)
    database.exec('analyze')
    for (const { name, sql } of statements) {
      const plan = planOf(database, sql)
      const large = scannedIn(plan, sql).filter((table) => LARGE.includes(table))
      // The lowest entry of an index is found at its end, which SQLite calls a scan.
      const isEnd = /select min\(/.test(sql) || /limit \?/.test(sql)
      expect(isEnd ? [] : large, `${name}: ${plan.join('; ')}`).toEqual([])
    }
  })
})

it('the states in the schema are those of the table of states', () => {
  const schema = readFileSync(new URL('migrations/0001_schema.sql', FOLDER), 'utf8')
  const lists = [...schema.matchAll(/state in \(([^)]*)\)/g)].map(([, list = '']) =>
    list.replaceAll("'", '').split(', '),
  )
  const waiting = ['blocked', 'scheduled', 'retrying']
  expect(lists).toEqual([JOB_STATES, waiting, FINISHED_STATES])
})
