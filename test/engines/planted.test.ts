import { describe, expect, it } from 'vitest'
import {
  type ConformanceCase,
  type CreateEngine,
  conformanceCases,
} from '../../src/engines/conformance/index.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { BUGS, plant } from './planted.ts'

const sound: CreateEngine = async ({ clock }) => {
  const engine = createMemoryEngine({ clock })
  await engine.open()
  return engine
}

const cases = conformanceCases()

/** The first case that is red, or undefined when all are green. */
const firstRed = async (among: readonly ConformanceCase[], create: CreateEngine) => {
  for (const one of among) {
    const isRed = await one.run(create).then(
      () => false,
      () => true,
    )
    if (isRed) return one
  }
  return undefined
}

describe.each(Object.entries(BUGS))('%s', (name, { is, noticedBy }) => {
  it(`turns the suite red: ${is}`, async () => {
    const about = cases.filter(({ subject }) => subject === noticedBy)
    expect(about).not.toEqual([])
    const red = await firstRed(about, async (options) => plant(await sound(options), name))
    expect(red, `a case about "${noticedBy}" has to notice it`).toBeDefined()
    // The same case is green on the engine beneath: it was the bug that turned it red.
    await red?.run(sound)
  })
})

it('names are checked, so that a typing error does not look like a suite that notices nothing', async () => {
  const engine = createMemoryEngine()
  expect(() => plant(engine, 'no-such-bug')).toThrow(/There is no bug "no-such-bug"/)
})
