import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { task } from '../../src/index.ts'
import { type Lab, openLab } from './lab.ts'

let lab: Lab
let empty: Lab
let jobId: string

const fails = task({
  name: 'fails.with-a-rather-long-name',
  retry: { maxRetries: 0 },
  run: (_, ctx) => {
    ctx.log('a line with averylongword'.padEnd(400, 'x'), 'error')
    ctx.progress(40)
    throw new Error(`no luck ${'y'.repeat(300)}`)
  },
})

const picture = task({
  name: 'picture',
  payload: z
    .object({
      source: z
        .union([z.strictObject({ url: z.url() }), z.strictObject({ file: z.string().max(1_024) })])
        .describe('Where it comes from.'),
      'a-field-with-a-long-name-and-more-of-it': z
        .enum(['cover', 'contain', 'x'.repeat(60)])
        .default('cover'),
      size: z.object({ width: z.int().max(8_192).describe('In pixels.'), height: z.int() }).optional(),
    })
    .meta({ description: `Makes a picture. ${'y'.repeat(300)}` }),
  run: () => null,
})

beforeAll(async () => {
  lab = await openLab({ tasks: [fails, picture] })
  empty = await openLab()
  lab.ph.work()
  const queue = 'a-queue-with-a-long-name.and-more-of-it'
  const { id } = await lab.ph.add(
    'fails.with-a-rather-long-name',
    { secret: 'x', list: [1, true, null] },
    { queue },
  )
  jobId = id
  await lab.ph.waitFor(id)
  await lab.ph.add('unknown', null)
  await lab.ph.pause(queue)
}, 60_000)
afterAll(() => Promise.all([lab.close(), empty.close()]))

interface Scene {
  readonly name: string
  readonly path: () => string
  readonly isEmpty?: true
  /** Is there when the page is. */
  readonly shows: string
  readonly doing?: (page: Page) => Promise<void>
}
const SCENES: readonly Scene[] = [
  { name: 'overview', path: () => '', shows: 'Latest failures' },
  { name: 'jobs', path: () => '/jobs', shows: '1–2 of 2' },
  {
    name: 'jobs with a filter',
    path: () => '/jobs?state=dead&sort=task',
    shows: '1–1 of 1',
    doing: (page) => page.keyboard.press('j'),
  },
  { name: 'nothing found', path: () => '/jobs?task=none', shows: 'No job fits' },
  { name: 'job', path: () => `/jobs/${jobId}`, shows: 'a line with' },
  { name: 'queues', path: () => '/queues', shows: 'paused' },
  { name: 'workers', path: () => '/workers', shows: 'Tasks that no live worker knows' },
  { name: 'dead letters', path: () => '/dead', shows: 'the newest job' },
  { name: 'tasks', path: () => '/tasks', shows: 'Makes a picture' },
  { name: 'form', path: () => '/add', shows: 'Separated by commas' },
  {
    name: 'form with a payload that is explained',
    path: () => '/add?task=picture',
    shows: 'Where it comes from.',
    doing: async (page) => {
      await page.getByText('2 fields').click()
      await page.getByText('JSON Schema', { exact: true }).click()
      await page.getByText('In pixels.', { exact: true }).waitFor()
    },
  },
  {
    name: 'question',
    path: () => `/jobs/${jobId}`,
    shows: 'a line with',
    doing: (page) => page.getByRole('button', { name: 'Remove' }).click(),
  },
  { name: 'keys', path: () => '/workers', shows: 'Workers', doing: (page) => page.keyboard.press('?') },
  {
    name: 'notices',
    path: () => '/jobs',
    shows: '1–2 of 2',
    doing: async (page) => {
      await page.keyboard.press('r')
      await page.getByText('No row has the focus').waitFor()
    },
  },
  { name: 'login', path: () => '/login?refused=wrong', shows: 'not the token' },
  { name: 'nowhere', path: () => '/nowhere', shows: 'There is nothing here' },
  { name: 'empty overview', path: () => '', isEmpty: true, shows: 'No jobs yet' },
  { name: 'empty jobs', path: () => '/jobs', isEmpty: true, shows: 'No jobs yet' },
  { name: 'empty queues', path: () => '/queues', isEmpty: true, shows: 'No queues yet' },
  { name: 'no dead letters', path: () => '/dead', isEmpty: true, shows: 'Nothing failed' },
  { name: 'empty workers', path: () => '/workers', isEmpty: true, shows: 'No worker is alive' },
]

const WIDTHS = [360, 768, 1440, 2560]

describe.each(['light', 'dark'] as const)('in %s colours', (theme) => {
  it.each(SCENES)('$name has no accessibility violation and fits every width', async (scene) => {
    const { page, faults } = await (scene.isEmpty ? empty : lab).open(`/dashboard${scene.path()}`, { theme })
    await page.getByText(scene.shows).first().waitFor()
    await scene.doing?.(page)
    expect(await violations(page)).toEqual([])
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 })
      expect(await tooWide(page), `at ${width} pixels`).toEqual([])
    }
    expect(faults).toEqual([])
    await page.context().close()
  })
})

const violations = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe
    const { violations: found } = await axe.run()
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
  })

/** What reaches beyond the right edge, when the page scrolls sideways because of it. */
const tooWide = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const limit = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= limit) return []
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > limit + 1)
      .map(({ tagName, className }) => `${tagName}.${className}`)
  })

it('follows the system, and remembers another choice', async () => {
  const { page } = await lab.open('/dashboard/workers', { theme: 'dark' })
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  const dark = await ground()
  await page.getByRole('button', { name: 'Colours: system' }).click()
  const light = await ground()
  expect(light).not.toBe(dark)
  await page.reload()
  await page.getByRole('button', { name: 'Colours: light' }).waitFor()
  expect(await ground()).toBe(light)
  await page.getByRole('button', { name: 'Colours: light' }).click()
  expect(await ground()).toBe(dark)
})
