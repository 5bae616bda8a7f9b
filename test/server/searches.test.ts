import { expect, it, onTestFinished } from 'vitest'
import { posthaste } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { createApp } from '../../src/server/http/app.ts'
import { openEngine, wrapEngine } from '../../src/testing/index.ts'
import { until } from '../runtime/open.ts'

it('searches are made one after the other, and not at all for those who have gone', async () => {
  let searches = 0
  let open = (): void => {}
  const isOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  const engine = wrapEngine(await openEngine('memory:'), async (method, carryOut) => {
    if (method === 'list') {
      searches += 1
      await isOpen
    }
    return carryOut()
  })
  const ph = await posthaste({ engine })
  const stopping = new AbortController()
  const deps = { posthaste: ph, packs: [], logger: silentLogger, token: null }
  const app = createApp(deps, [], stopping.signal)
  onTestFinished(async () => {
    open()
    stopping.abort()
    await ph.close()
  })

  await ph.add('x', 'needle')
  const search = (text: string, signal: AbortSignal | null = null) => {
    const request = new Request(`http://localhost/v1/jobs?search=${text}`, {
      signal,
      headers: { host: 'localhost' },
    })
    return Promise.resolve(app.fetch(request, { incoming: { socket: { remoteAddress: '127.0.0.1' } } }))
  }
  const first = search('needle')
  await until(() => searches === 1)
  // As someone types: each one takes the place of the one before it.
  const gone = ['ne', 'nee', 'need'].map((text) => {
    const caller = new AbortController()
    const answer = search(text, caller.signal)
    caller.abort()
    return answer
  })
  const last = search('needle')
  open()
  for (const answer of [first, last])
    expect(await (await answer).json()).toMatchObject({ jobs: [{ task: 'x' }] })
  for (const answer of gone) expect((await answer).status).toBe(499)
  expect(searches).toBe(2)
})
