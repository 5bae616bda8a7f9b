import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { task } from '../../src/index.ts'
import { eventually, type Lab, openLab, type Visit } from './lab.ts'

/** Enough that whoever reads all of them is found out. */
const JOBS = 100_000
const PAGE = 50

let lab: Lab
let visit: Visit
let page: Page

const fails = task({
  name: 'fails',
  queue: 'broken',
  retry: { maxRetries: 0 },
  run: () => {
    throw new Error('no luck today')
  },
})

beforeAll(async () => {
  lab = await openLab({ tasks: [fails] })
  const worker = lab.ph.work({ queues: ['broken'], concurrency: 20 })
  const failed = await lab.ph.addMany(
    Array.from({ length: 120 }, (_, n) => ({ task: 'fails', payload: { n } })),
  )
  await Promise.all(failed.slice(-20).map(({ id }) => lab.ph.waitFor(id)))
  await eventually(
    () => lab.ph.stats(),
    ({ states }) => states.dead === 120,
    'the failing jobs being dead',
  )
  await worker.stop()
  const kinds = ['alpha', 'beta', 'gamma']
  await lab.ph.addMany(
    Array.from({ length: JOBS }, (_, n) => ({
      task: kinds[n % 3] ?? '',
      payload: { n, note: n === 77 ? 'a needle in the hay' : 'hay' },
      queue: `queue-${n % 4}`,
      priority: n % 10,
      // Not due while the test runs, so that nothing moves by itself.
      delay: 3_600_000 + (n % 1_000) * 1_000,
    })),
  )
  visit = await lab.open('/dashboard/jobs')
  page = visit.page
}, 120_000)
afterAll(() => lab.close())

const rowIds = (): Promise<(string | null)[]> =>
  page.locator('[data-row]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id')))

const idsFromApi = async (query: string): Promise<string[]> => {
  const answer = await fetch(`${lab.url}/v1/jobs?limit=${PAGE}&view=row&${query}`)
  const { jobs } = (await answer.json()) as { jobs: { id: string }[] }
  return jobs.map(({ id }) => id)
}

/** Until the table shows what the API answers to the same question. */
const showsSameAs = async (query: string): Promise<void> => {
  const wanted = await idsFromApi(query)
  await eventually(rowIds, (ids) => ids.join() === wanted.join(), `a table with ${query}`)
}

const open = async (path: string): Promise<void> => {
  await page.goto(lab.url + path)
  await page.locator('[data-row]').first().waitFor()
}

describe('the table of 100,000 jobs', () => {
  it('shows the newest page', async () => {
    const started = performance.now()
    await open('/dashboard/jobs')
    console.info(
      `The first page of ${JOBS} jobs was there after ${Math.round(performance.now() - started)} ms.`,
    )
    await showsSameAs('sort=-id')
    await page.getByText('1–50 of 100,120').waitFor()
  })

  it('filters by state, queue and task', async () => {
    await open('/dashboard/jobs')
    await page.getByRole('button', { name: /^dead/ }).click()
    await showsSameAs('state=dead')
    await page.getByText('1–50 of 120').waitFor()
    await page.getByRole('button', { name: /^all/ }).click()
    await page.getByRole('combobox', { name: 'queue' }).selectOption('queue-2')
    await showsSameAs('queue=queue-2')
    await page.getByRole('combobox', { name: 'task' }).selectOption('beta')
    await showsSameAs('queue=queue-2&task=beta')
    // The address says it all: opened again, it shows the same.
    await page.reload()
    await showsSameAs('queue=queue-2&task=beta')
    await page.getByRole('link', { name: 'Clear' }).click()
    await showsSameAs('sort=-id')
  })

  it.each(['State', 'Task', 'Id', 'Queue', 'Priority', 'Attempts', 'Created', 'Due', 'Started', 'Finished'])(
    'sorts by %s in both directions',
    async (label) => {
      await open('/dashboard/jobs')
      const head = page.getByRole('columnheader', { name: label })
      for (const direction of [1, 2]) {
        await head.getByRole('button').click()
        const sorted = await eventually(
          () => head.getAttribute('aria-sort'),
          (word) => word !== null,
          `sort ${direction}`,
        )
        const sort = new URL(page.url()).searchParams.get('sort') ?? '-id'
        expect(sorted).toBe(sort.startsWith('-') ? 'descending' : 'ascending')
        await showsSameAs(`sort=${sort}`)
      }
    },
  )

  it('pages forwards and backwards, also with the buttons of the browser', async () => {
    await open('/dashboard/jobs?state=dead')
    const all = await (await fetch(`${lab.url}/v1/jobs?state=dead&limit=200`)).json()
    const ids = (all as { jobs: { id: string }[] }).jobs.map(({ id }) => id)
    const shows = (from: number) =>
      eventually(rowIds, (rows) => rows.join() === ids.slice(from, from + PAGE).join(), `rows from ${from}`)
    await page.getByRole('button', { name: 'Next' }).click()
    await shows(50)
    await page.getByText('51–100 of 120').waitFor()
    await page.keyboard.press(']')
    await shows(100)
    await page.getByText('101–120 of 120').waitFor()
    await page.keyboard.press('[')
    await shows(50)
    await page.goBack()
    await shows(100)
    await page.goBack()
    await page.goBack()
    await shows(0)
  })

  it('searches payloads and errors', async () => {
    await open('/dashboard/jobs?state=dead')
    await page.keyboard.press('/')
    await page.keyboard.type('no luck')
    await showsSameAs('search=no%20luck&state=dead')
    await page.keyboard.press('Escape')
    await eventually(
      () => page.evaluate(() => document.activeElement?.className),
      (name) => name === 'row-link',
      'the focus on the first row',
    )
    // Where a search does not reach older jobs, the page says so.
    await page.goto(`${lab.url}/dashboard/jobs?search=needle`)
    await page.getByText('Looked at the newest 20,000').waitFor()
    await page.getByText('No job fits these filters').waitFor()
  })

  it('opens, retries and cancels by keyboard', async () => {
    await open('/dashboard/jobs?state=dead')
    const [first, second] = await rowIds()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('r')
    const stateOf = async (id: string | null | undefined) => (await lab.ph.get(id ?? ''))?.state
    await eventually(
      () => stateOf(first),
      (state) => state === 'ready',
      'the retry',
    )
    expect(await stateOf(second)).toBe('dead')

    await open('/dashboard/jobs?task=gamma')
    const [, gamma] = await rowIds()
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('c')
    // It asks first, with the reason under the cursor.
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type('not wanted')
    await page.keyboard.press('Enter')
    await eventually(
      () => stateOf(gamma),
      (state) => state === 'cancelled',
      'the cancel',
    )
    expect((await lab.ph.get(gamma ?? ''))?.history.at(-1)).toMatchObject({
      reason: 'not wanted',
      by: 'http',
    })
    // The store knows before the page has its answer.
    await page.locator(`[data-id="${gamma}"]`).getByText('cancelled').waitFor()
    // The focus is where it was, so that the next key means the next row.
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'gamma' }).waitFor()
    expect(page.url()).toContain(gamma)
  })

  it('changes a row when its job changes elsewhere', async () => {
    await open('/dashboard/jobs?task=alpha')
    await page.getByText('Live', { exact: true }).waitFor()
    const [id] = await rowIds()
    const row = page.locator(`[data-id="${id}"]`)
    await row.getByText('scheduled').waitFor()
    await lab.ph.cancel(id ?? '')
    await row.getByText('cancelled').waitFor()
  })

  it('stands still when it is told to', async () => {
    await open('/dashboard/jobs?task=beta')
    await page.keyboard.press('l')
    await page.getByRole('button', { name: 'Paused' }).waitFor()
    const [id] = await rowIds()
    await lab.ph.cancel(id ?? '')
    await lab.ph.pause('signal')
    const row = page.locator(`[data-id="${id}"]`)
    expect(await row.getByText('scheduled').count()).toBe(1)
    await page.keyboard.press('l')
    await row.getByText('cancelled').waitFor()
  })

  it('never asked for more than a page of rows, and broke no rule of the browser', () => {
    expect(visit.pageSizes.length).toBeGreaterThan(20)
    expect(Math.max(...visit.pageSizes)).toBeLessThanOrEqual(PAGE)
    expect(visit.faults).toEqual([])
  })
})
