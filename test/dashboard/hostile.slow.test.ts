import { afterAll, beforeAll, expect, it } from 'vitest'
import { task } from '../../src/index.ts'
import { HOSTILE } from './hostile-strings.ts'
import { eventually, type Lab, openLab } from './lab.ts'

let lab: Lab
const ids: string[] = []

/** Names that JSON may not have here; as values they are welcome. */
const REFUSED = new Set(['__proto__', 'constructor', 'prototype'])
const asKey = (text: string): Record<string, string> => (REFUSED.has(text) ? { text } : { [text]: text })

/** Puts the string into everything that a handler may write. */
const echoes = task({
  name: 'echoes',
  retry: { maxRetries: 0 },
  run: async (payload, ctx) => {
    const text = (payload as { text: string }).text
    ctx.log(text, 'error')
    ctx.progress(asKey(text))
    await ctx.checkpoint.set(asKey(text))
    if (HOSTILE.indexOf(text) % 2 === 0) return { output: [asKey(text)] }
    const error = new Error(text)
    error.name = text
    throw Object.assign(error, { code: text })
  },
})

/** Control characters are refused in names that people read; there the rest of the string has to do. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters.
const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f]/g, '').toWellFormed() || '-'

beforeAll(async () => {
  lab = await openLab({ tasks: [echoes] })
  for (const [n, text] of HOSTILE.entries()) {
    const { id } = await lab.ph.add(
      'echoes',
      { text, ...asKey(text) },
      {
        key: `${n} ${plain(text)}`.slice(0, 200),
        ref: plain(text).slice(0, 200),
        tags: [plain(text).slice(0, 100)],
        metadata: { note: text },
      },
    )
    ids.push(id)
  }
  lab.ph.work({ concurrency: 10 })
  await Promise.all(ids.map((id) => lab.ph.waitFor(id)))
  for (const text of HOSTILE) {
    const { id } = await lab.ph.add('echoes', { text }, { delay: '1h' })
    await lab.ph.cancel(id, { reason: plain(text).slice(0, 400), by: plain(text).slice(0, 100) })
    ids.push(id)
  }
  const about = JSON.stringify({
    host: HOSTILE[0],
    version: HOSTILE[1],
    tasks: HOSTILE,
    queues: HOSTILE.slice(0, 20),
  })
  await lab.ph.engine.beat([{ id: 'hostile', about, ttlMs: 600_000 }])
}, 60_000)
afterAll(() => lab.close())

it('shows 100 hostile strings in every field as the text that they are', async () => {
  expect(HOSTILE).toHaveLength(100)
  const { page, faults } = await lab.open('/dashboard')
  for (const path of ['', '/workers', '/queues', '/jobs', '/jobs?state=dead', '/jobs?state=cancelled']) {
    await page.goto(`${lab.url}/dashboard${path}`)
    await page.locator('main table').first().waitFor()
  }
  for (const id of ids) {
    // Moving inside the page, as a reader does, keeps whatever a string may have started alive.
    await page.evaluate((to) => {
      const link = document.createElement('a')
      link.href = `/dashboard/jobs/${to}`
      document.body.append(link)
      link.click()
      link.remove()
    }, id)
    await page.locator('.job-id', { hasText: id }).waitFor()
  }
  for (const text of HOSTILE.slice(0, 20)) {
    const query = new URLSearchParams({
      search: text.slice(0, 200),
      queue: text,
      task: text,
      sort: text,
      cursor: text,
    })
    await page.goto(`${lab.url}/dashboard/jobs?${query}`)
    await page.getByRole('combobox', { name: 'queue' }).waitFor()
  }
  // Bad filters in the address are refused by the server; nothing else may have happened.
  expect(faults.filter((fault) => !fault.includes('400 (Bad Request)'))).toEqual([])
}, 240_000)

it('shows them whole', async () => {
  const { page } = await lab.open(`/dashboard/jobs/${ids[1]}`)
  const log = await eventually(
    () => page.locator('.log-text').allInnerTexts(),
    (lines) => lines.length > 0,
    'the log',
  )
  expect(log).toContain(HOSTILE[1])
})
