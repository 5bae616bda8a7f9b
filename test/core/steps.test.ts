import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Kept, keptText, readKept } from '../../src/core/steps.ts'

const json = fc
  .oneof(fc.json(), fc.constantFrom('{"$posthaste":1,"steps":[]}', 'null', '"x"'))
  .map((text) => {
    return JSON.stringify(JSON.parse(text))
  })
const step = fc.record({
  name: fc.string({ minLength: 1 }),
  at: fc.nat(),
  ms: fc.nat(),
  attempt: fc.nat(),
  output: fc.option(json),
})
const kept: fc.Arbitrary<Kept> = fc.record({ own: fc.option(json), steps: fc.array(step) })

test('what is kept comes back equal, whatever the handler keeps beside its steps', () => {
  fc.assert(
    fc.property(kept, (value) => {
      expect(readKept(keptText(value))).toEqual(value)
    }),
  )
})

test('a checkpoint without steps is stored as it is', () => {
  expect(keptText({ own: '{"row":1}', steps: [] })).toBe('{"row":1}')
  expect(keptText({ own: null, steps: [] })).toBeNull()
})
