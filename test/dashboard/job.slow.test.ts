import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Job, task } from '../../src/index.ts'
import { eventually, type Lab, openLab, type Visit } from './lab.ts'

let lab: Lab
let visit: Visit
let page: Page
let release = (): void => {}

const story = task({
  name: 'story',
  retry: { maxRetries: 1, backoff: { base: '1ms', factor: 1, cap: '1ms', jitter: 0 } },
  run: async (_, ctx) => {
    ctx.log(`attempt ${ctx.attempt} begins`)
    ctx.log('careful', 'warn')
    ctx.progress({ done: 3, total: 4 })
    await ctx.checkpoint.set({ row: 17 })
    if (ctx.attempt === 1) throw new RangeError('the first time it fails')
    return { answer: 42 }
  },
})
const waits = task({
  name: 'waits',
  run: async (_, ctx) => {
    ctx.log('waiting')
    await new Promise<void>((resolve) => {
      release = resolve
      ctx.signal.addEventListener('abort', () => resolve())
    })
    ctx.signal.throwIfAborted()
  },
})

beforeAll(async () => {
  lab = await openLab({ tasks: [story, waits] })
  lab.ph.work({ concurrency: 4 })
  visit = await lab.open('/dashboard')
  page = visit.page
}, 60_000)
// Each test answers for its own.
afterEach(() => expect(visit.faults.splice(0)).toEqual([]))
afterAll(() => lab.close())

const goto = (path: string) => page.goto(`${lab.url}/dashboard${path}`)
const stateIs = (id: string, state: string | undefined): Promise<Job | null> =>
  eventually(
    () => lab.ph.get(id),
    (job) => job?.state === state,
    `job ${id} being ${state}`,
  )

describe('the page of a job', () => {
  it('shows everything about it', async () => {
    const { id } = await lab.ph.add(
      'story',
      { chapter: 1, password: 'hunter2' },
      {
        priority: 'high',
        ref: 'order-7',
        group: 'acme',
        tags: ['red', 'blue'],
        metadata: { from: 'a test' },
      },
    )
    await lab.ph.waitFor(id)
    await goto(`/jobs/${id}`)
    await page.getByRole('heading', { level: 1, name: /story completed/ }).waitFor()
    const text = await eventually(
      () => page.locator('main').innerText(),
      (words) => words.includes('attempt 2 begins'),
      'the log',
    )
    for (const word of [
      id,
      'It was completed',
      'RangeError',
      'the first time it fails',
      'Attempt 1',
      '"answer": 42',
      '"row": 17',
      '"total": 4',
      '"chapter": 1',
      'attempt 1 begins',
      'careful',
      'order-7',
      'acme',
      'red',
      'blue',
      '"from": "a test"',
      '2 of 2 at most',
      'high',
      'running → retrying',
      'running → completed',
    ]) {
      expect(text).toContain(word)
    }
  })

  it('masks secrets until somebody asks for them', async () => {
    const { id } = await lab.ph.add('story', { login: { password: 'hunter2' } }, { delay: '1h' })
    await goto(`/jobs/${id}`)
    const payload = page.getByRole('region', { name: 'Payload' })
    await payload.waitFor()
    expect(await payload.innerText()).not.toContain('hunter2')
    await page.getByRole('button', { name: 'Show secrets' }).click()
    expect(await payload.innerText()).toContain('hunter2')
  })

  it('follows a running job, and cancels it', async () => {
    const { id } = await lab.ph.add('waits', null)
    await goto(`/jobs/${id}`)
    await page.getByRole('heading', { level: 1, name: /waits running/ }).waitFor()
    await page.getByText('waiting', { exact: true }).waitFor()
    release()
    await page.getByRole('heading', { level: 1, name: /waits completed/ }).waitFor()

    const second = await lab.ph.add('waits', null)
    await goto(`/jobs/${second.id}`)
    await page.getByRole('heading', { level: 1, name: /waits running/ }).waitFor()
    await page.keyboard.press('c')
    await page.getByText('its handler is told to stop').waitFor()
    await page.keyboard.press('Enter')
    await stateIs(second.id, 'cancelled')
    await page.getByRole('heading', { level: 1, name: /waits cancelled/ }).waitFor()
  })

  it('runs a scheduled job now, retries a cancelled one, removes it after a question', async () => {
    const { id } = await lab.ph.add('story', null, { delay: '1h', queue: 'nobody' })
    await lab.ph.pause('nobody')
    await goto(`/jobs/${id}`)
    await page.getByRole('button', { name: 'Run now' }).click()
    await stateIs(id, 'ready')
    await lab.ph.cancel(id)
    await page.getByRole('button', { name: 'Retry' }).click()
    await stateIs(id, 'ready')
    await page.getByText('Queue nobody is paused').waitFor()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByText('deleted for good').waitFor()
    await page.keyboard.press('Escape')
    expect(await lab.ph.get(id)).not.toBeNull()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('button', { name: 'Remove job' }).click()
    await eventually(
      () => lab.ph.get(id),
      (job) => job === null,
      'the removal',
    )
    await page.waitForURL('**/dashboard/jobs')
  })

  it('says so when there is no such job', async () => {
    const missing = await lab.open('/dashboard/jobs/01890000-0000-7000-8000-000000000000')
    await missing.page.getByRole('heading', { name: 'There is no such job' }).waitFor()
    await missing.page.context().close()
    // The browser itself writes an answer of 404 on the console.
    expect(missing.faults.filter((fault) => !fault.includes('status of 404'))).toEqual([])
  })
})

describe('the form', () => {
  it('checks JSON while it is typed, and adds the job with everything that was filled in', async () => {
    await goto('/jobs')
    await page.keyboard.press('n')
    const payload = page.getByLabel('Payload')
    // Until the form is there, "Task" names the filter of the table.
    await payload.waitFor()
    await page.getByLabel('Task').fill('story')
    await payload.fill('{\n  "a": 1,\n  oops\n}')
    await page.getByText('Line 3, column 3').waitFor()
    expect(await page.getByRole('button', { name: 'Add job' }).isDisabled()).toBe(true)
    await payload.fill('{"a":[1,2]}')
    await page.getByLabel('Queue').fill('later')
    await page.getByLabel('Priority').selectOption('critical')
    await page.getByLabel('Delay').fill('2h')
    await page.getByLabel('Retries').fill('9')
    await page.getByLabel('Key', { exact: true }).fill('only-one')
    await page.getByLabel('Tags').fill('x, y')
    await page.getByRole('button', { name: 'Add job' }).click()
    await page.waitForURL('**/dashboard/jobs/*')
    const job = await lab.ph.get(page.url().split('/').at(-1) ?? '')
    expect(job).toMatchObject({
      task: 'story',
      payload: { a: [1, 2] },
      queue: 'later',
      priority: 1,
      maxRetries: 9,
      key: 'only-one',
      tags: ['x', 'y'],
      state: 'scheduled',
    })
    expect((job?.runAt.getTime() ?? 0) - (job?.createdAt.getTime() ?? 0)).toBe(7_200_000)

    await page.getByRole('link', { name: 'Add another' }).click()
    await eventually(
      () => page.getByLabel('Payload').inputValue(),
      (text) => text.includes('"a"'),
      'the same payload',
    )
    expect(await page.getByLabel('Queue').inputValue()).toBe('later')
    expect(await page.getByLabel('Key', { exact: true }).inputValue()).toBe('')
  })

  it('shows what the server refuses beside its field', async () => {
    const refused = await lab.open('/dashboard/add')
    const { page: form } = refused
    await form.getByLabel('Task').fill('story')
    await form.getByLabel('Delay').fill('soon')
    await form.getByRole('button', { name: 'Add job' }).click()
    const delay = form.getByLabel('Delay')
    await eventually(
      () => delay.getAttribute('aria-invalid'),
      (word) => word === 'true',
      'the refusal',
    )
    const note = await delay.getAttribute('aria-describedby')
    expect(await form.locator(`[id="${note}"]`).innerText()).toMatch(/soon.*30s/s)
    await form.context().close()
    expect(refused.faults.filter((fault) => !fault.includes('status of 400'))).toEqual([])
  })
})

describe('the queues', () => {
  it('are paused and resumed', async () => {
    await lab.ph.add('story', null, { queue: 'mail', delay: '1h' })
    await goto('/queues')
    await page.getByRole('button', { name: 'Pause queue mail' }).click()
    await page.getByText(/paused .* by http/).waitFor()
    const mail = async () => (await lab.ph.stats()).queues.find(({ queue }) => queue === 'mail')
    expect((await mail())?.paused).toBe(true)
    await page.getByRole('button', { name: 'Resume queue mail' }).click()
    await page.getByRole('button', { name: 'Pause queue mail' }).waitFor()
    expect((await mail())?.paused).toBe(false)
  })
})

describe('the overview and the workers', () => {
  it('tell how things stand', async () => {
    await goto('')
    await page.getByRole('link', { name: /^completed/ }).waitFor()
    await page.getByText(/of 4 slots busy/).waitFor()
    await page.keyboard.press('4')
    await page.getByRole('rowheader', { name: new RegExp(`process ${process.pid}`) }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })
})
