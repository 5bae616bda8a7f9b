import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Lab, openLab } from './lab.ts'

const TOKEN = 'a-token-that-is-long-enough'
let lab: Lab

beforeAll(async () => {
  lab = await openLab({ token: TOKEN })
  await lab.ph.add('echo', { hello: 'world' })
}, 60_000)
afterAll(() => lab.close())

it('asks for the token, goes on to where it was in the way, and logs out', async () => {
  const { page, faults } = await lab.open('/dashboard/jobs?queue=default')
  await page.waitForURL('**/dashboard/login')
  await page.getByLabel('Token').fill('wrong')
  await page.keyboard.press('Enter')
  await page.getByText('That is not the token of this server').waitFor()
  await page.getByLabel('Token').fill(TOKEN)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL('**/dashboard/jobs?queue=default')
  await page.locator('[data-row]').waitFor()
  await page.getByText('Live', { exact: true }).waitFor()

  const cookies = await page.context().cookies()
  expect(cookies).toMatchObject([{ name: 'posthaste', httpOnly: true, sameSite: 'Strict' }])
  expect(cookies[0]?.value).not.toContain(TOKEN)
  expect(page.url()).not.toContain(TOKEN)
  // Writes are allowed as well: the cookie stands for the token.
  await page.keyboard.press('j')
  await page.keyboard.press('c')
  await page.getByRole('button', { name: 'Cancel job' }).click()
  await page.locator('[data-row]').getByText('cancelled').waitFor()

  await page.getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL('**/dashboard/login')
  expect(await page.context().cookies()).toEqual([])
  // What was refused before the login stands on the console, and nothing else.
  expect(faults.filter((fault) => !fault.includes('status of 401'))).toEqual([])
})
