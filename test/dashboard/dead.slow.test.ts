import { afterAll, beforeAll, expect, it } from 'vitest'
import { task } from '../../src/index.ts'
import { until } from '../runtime/open.ts'
import { type Lab, openLab } from './lab.ts'

const JOBS = 15
const world = { isUp: false }
const order = task({
  name: 'order',
  retry: { maxRetries: 0 },
  run: ({ n }: { n: number }) => {
    if (!world.isUp) throw new Error(`no answer from 10.0.0.${n}:443`)
  },
})

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ tasks: [order] })
  await lab.ph.addMany(Array.from({ length: JOBS }, (_, n) => ({ task: 'order', payload: { n } })))
  lab.ph.work()
  await until(async () => (await lab.ph.stats()).states.dead === JOBS)
}, 60_000)
afterAll(() => lab.close())

it('groups what failed, stops after a canary that fails, and goes on after one that does well', async () => {
  const { page, faults } = await lab.open('/dashboard/dead')
  const row = page.getByRole('row', { name: /no answer from/ })
  await row.getByRole('cell', { name: String(JOBS), exact: true }).waitFor()

  await row.getByRole('button', { name: /^Try 10 first/ }).click()
  await row.getByText(/stopped: the canary failed/).waitFor()
  await until(async () => (await lab.ph.stats()).states.dead === JOBS)

  world.isUp = true
  await row.getByRole('button', { name: /^Try 10 first/ }).click()
  await page.getByText(`Sent round again: ${JOBS}`).waitFor()
  await page.getByText('Nothing failed').waitFor()
  expect((await lab.ph.stats()).states).toMatchObject({ dead: 0, completed: JOBS })
  expect((await lab.ph.audit({ action: 'bulk.start' })).entries).toHaveLength(2)
  expect(faults).toEqual([])
}, 60_000)
