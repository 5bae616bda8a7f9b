import assert from 'node:assert/strict'
import type { Hint } from '../engine.ts'
import { DELAY_MS, type Lab, LEASE_MS } from './lab.ts'
import type { Subject } from './subject.ts'

/** How long a hint may take. Real time: hints travel outside the store's clock. */
const PATIENCE_MS = 5_000
const STEP_MS = 5

/** Waits until `hint` was heard; an engine that looks for changes by its clock gets time to pass. */
const waitFor = async (lab: Lab, heard: readonly Hint[], hint: Hint): Promise<void> => {
  for (const end = Date.now() + PATIENCE_MS; !heard.includes(hint); ) {
    assert.ok(Date.now() < end, `no hint "${hint}" within ${PATIENCE_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    lab.clock.advance(STEP_MS)
  }
}

/** Listens, acts, and waits for the hint. */
const hears = async (lab: Lab, hint: Hint, act: () => Promise<unknown>): Promise<void> => {
  const heard: Hint[] = []
  const listening = await lab.engine.listen((one) => heard.push(one))
  await act()
  await waitFor(lab, heard, hint)
  await listening.close()
}

export const hinting: Subject = {
  subject: 'Hints',
  hints: true,
  cases: {
    'a job that is added is hinted at when it can be read': async (lab) => {
      const job = lab.job()
      const seen: Promise<boolean>[] = []
      const heard: Hint[] = []
      await lab.engine.listen((hint) => {
        heard.push(hint)
        seen.push(lab.engine.get([job.id]).then(([found]) => found !== null))
      })
      await lab.engine.insert([job])
      await waitFor(lab, heard, 'ready')
      assert.ok((await Promise.all(seen)).every((found) => found))
    },

    'whatever makes a job claimable is hinted at': async (lab) => {
      await lab.add({ delayMs: DELAY_MS })
      lab.clock.advance(DELAY_MS)
      await hears(lab, 'ready', () => lab.engine.promote({ limit: 1 }))
      const [job] = await lab.claim()
      assert.ok(job)
      await hears(lab, 'ready', () => lab.settle(job, 'ready'))
      const [again] = await lab.claim()
      assert.ok(again)
      await lab.settle(again, 'dead')
      const dead = await lab.get(again.id)
      await hears(lab, 'ready', () => lab.engine.change([lab.change(dead, 'ready')]))
      await lab.engine.pause([{ queue: 'default', paused: true, by: 'x' }])
      await hears(lab, 'ready', () => lab.engine.pause([{ queue: 'default', paused: false, by: 'x' }]))
    },

    'a rescue is hinted at: what waited for the permits of a lost worker may begin': async (lab) => {
      const job = await lab.run()
      await hears(lab, 'ready', () => lab.settle(job, 'retrying', { delayMs: DELAY_MS }))
    },

    'the end of a job and a pause are hinted at as changes': async (lab) => {
      const job = await lab.run()
      await hears(lab, 'changed', () => lab.settle(job, 'completed'))
      await hears(lab, 'changed', () => lab.engine.pause([{ queue: 'default', paused: true, by: 'x' }]))
    },

    'who stopped listening hears nothing more, and stopping twice does no harm': async (lab) => {
      const [one, two]: Hint[][] = [[], []]
      const listening = await lab.engine.listen((hint) => one?.push(hint))
      await lab.engine.listen((hint) => two?.push(hint))
      await listening.close()
      await listening.close()
      await lab.engine.insert([lab.job({ leaseMs: LEASE_MS })])
      await waitFor(lab, two ?? [], 'ready')
      assert.deepEqual(one, [])
    },
  },
}
