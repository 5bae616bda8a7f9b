import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { task } from '../../src/index.ts'
import { HOSTILE } from './hostile-strings.ts'
import { eventually, type Lab, openLab, type Visit } from './lab.ts'

let lab: Lab
let visit: Visit
let page: Page

const report = task({
  name: 'report',
  queue: 'reports',
  payload: z
    .object({
      month: z.iso.date().describe('Its first day.'),
      copies: z.int().min(1).max(5).default(2),
      format: z.enum(['pdf', 'html']),
      source: z.union([z.strictObject({ file: z.string() }), z.strictObject({ url: z.url() })]).optional(),
    })
    .meta({ description: 'Makes the report of a month.' }),
  run: () => null,
})
const plain = task({ name: 'plain', run: () => null })

/** A schema in which everything that can be a text is a hostile one. */
const hostileSchema = {
  type: 'object',
  title: HOSTILE[0],
  description: HOSTILE[1],
  examples: [{ [HOSTILE[2] ?? '']: HOSTILE }],
  required: HOSTILE,
  properties: Object.fromEntries(
    HOSTILE.map((text, n) => [
      text,
      {
        type: n % 3 === 0 ? text : 'string',
        format: text,
        pattern: text.slice(0, 40),
        title: text,
        description: text,
        default: text,
        enum: n % 2 === 0 ? HOSTILE.slice(n) : undefined,
        anyOf: n % 5 === 0 ? [{ $ref: text, title: text, properties: { [text]: {} } }] : undefined,
      },
    ]),
  ),
}
const hostile = task({
  name: 'hostile',
  payload: {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: () => hostileSchema },
    },
  },
  run: () => null,
})

beforeAll(async () => {
  lab = await openLab({ tasks: [report, plain, hostile] })
}, 60_000)
afterAll(() => lab.close())
afterEach(async () => {
  await visit.page.context().close()
  expect(visit.faults).toEqual([])
})

const goto = async (path: string): Promise<void> => {
  visit = await lab.open(`/dashboard${path}`)
  page = visit.page
}
const payload = () => page.getByLabel('Payload', { exact: true })

it('goes from the list of tasks to a job that was made of an example', async () => {
  await goto('/queues')
  await page.keyboard.press('6')
  const row = page.getByRole('row', { name: /^report Makes the report of a month/ })
  await row.getByRole('link', { name: 'reports', exact: true }).waitFor()
  await row.getByText('month, copies?, format, source?').waitFor()
  await row.getByRole('link', { name: 'Add job: report' }).click()

  const shape = page.getByRole('region', { name: 'About report' })
  await shape.getByText('Its first day.').waitFor()
  const fields = await shape.locator('.shape > .parts > li').allInnerTexts()
  expect(fields.map((text) => text.replace(/\s+/g, ' '))).toEqual([
    'month required date Its first day.',
    'copies optional whole number · 1 to 5 default 2',
    'format required one of these "pdf" "html"',
    'source optional { file } or { url } one of 2',
  ])
  await shape.getByText('one of 2').click()
  await shape.getByText('URL', { exact: true }).waitFor()
  await shape.getByText('JSON Schema').click()
  await shape.getByRole('region', { name: 'JSON Schema of report' }).getByText('"month"').first().waitFor()

  await shape.getByRole('button', { name: 'Insert example' }).click()
  const example = { month: '2030-01-31', format: 'pdf' }
  expect(JSON.parse(await payload().inputValue())).toEqual(example)
  await page.getByRole('button', { name: 'Add job' }).click()
  await page.waitForURL('**/dashboard/jobs/*')
  const job = await lab.ph.get(page.url().split('/').at(-1) ?? '')
  expect(job).toMatchObject({ task: 'report', queue: 'reports', payload: example })
})

it('gives back what an example replaced', async () => {
  await goto('/add')
  await page.getByLabel('Task').fill('report')
  await payload().fill('{"mine":1}')
  await page.getByRole('button', { name: 'Insert example' }).click()
  expect(await payload().inputValue()).toContain('month')
  await page.getByRole('button', { name: 'Put mine back' }).click()
  await eventually(
    () => payload().inputValue(),
    (text) => text === '{"mine":1}',
    'the payload of before',
  )
  await page.getByRole('button', { name: 'Put mine back' }).waitFor({ state: 'detached' })
})

it('says when a task has no schema, and nothing about a task that it does not know', async () => {
  await goto('/add?task=plain')
  await page.getByText('This task has no schema').waitFor()
  expect(await page.getByRole('button', { name: 'Insert example' }).count()).toBe(0)
  await page.getByLabel('Task').fill('plainer')
  await page.getByText('This task has no schema').waitFor({ state: 'detached' })
  await page.getByLabel('Task').fill('report')
  await page.getByRole('region', { name: 'About report' }).waitFor()
})

it('shows hostile strings of a schema as the text that they are', async () => {
  await goto('/tasks')
  await page
    .getByRole('rowheader', { name: /^hostile/ })
    .getByText(HOSTILE[1] ?? '')
    .waitFor()
  await page.getByRole('link', { name: 'Add job: hostile' }).click()
  const names = page.locator('.shape > .parts > li > .part-head > .part-name')
  const shown = await eventually(
    () => names.allTextContents(),
    (texts) => texts.length === Object.keys(hostileSchema.properties).length,
    'every field',
  )
  expect([...shown].sort()).toEqual(Object.keys(hostileSchema.properties).sort())
  expect(await page.locator('.part-text').allTextContents()).toEqual(
    expect.arrayContaining([...HOSTILE.slice(0, 25)]),
  )
  await page.getByText('JSON Schema', { exact: true }).click()
  await page.getByRole('region', { name: 'JSON Schema of hostile' }).waitFor()
  await page.getByRole('button', { name: 'Insert example' }).click()
  expect(JSON.parse(await payload().inputValue())).toEqual(
    JSON.parse(JSON.stringify(hostileSchema.examples[0])),
  )
})
