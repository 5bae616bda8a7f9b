import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { echoPack } from 'posthaste/tasks/echo'
import { expect, onTestFinished, test } from 'vitest'

async function installation() {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-echo-'))
  const ph = await posthaste({ engine: `sqlite:${join(folder, 'jobs.db')}`, packs: [echoPack()] })
  const worker = ph.work()
  onTestFinished(async () => {
    await worker.stop({ grace: 0 })
    await ph.close()
    await rm(folder, { recursive: true, force: true })
  })
  return ph
}
const bytes = (text: string) => ({ $base64: Buffer.from(text, 'latin1').toString('base64') })

test.each([
  'hello',
  '',
  'It did not fail',
  17,
  true,
  null,
  ['fail'],
  { text: 'fail' },
  'ünï 🚀 \u0001',
  bytes('\x00\xff any bytes'),
  bytes(''),
  bytes('fai'),
  { $base64: 17 },
])('the output is the payload: %j', async (payload) => {
  const ph = await installation()
  const { id } = await ph.add('echo', payload)
  expect(await ph.waitFor(id, { timeout: '10s' })).toMatchObject({ state: 'completed', output: payload })
})

test.each(['fail', 'fail me', 'failure', bytes('fail'), bytes('fail\xff\x00 with bytes')])(
  'a payload that begins with "fail" fails: %j',
  async (payload) => {
    const ph = await installation()
    const { id } = await ph.add('echo', payload, { maxRetries: 0 })
    const job = await ph.waitFor(id, { timeout: '10s' })
    expect(job.state).toBe('dead')
    expect(job.lastError?.message).toContain('asked to fail')
  },
)
