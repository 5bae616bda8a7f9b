import { expect, it } from 'vitest'
import { createIdSource, idTime } from '../../src/core/ids.ts'

it('ids go on in the next millisecond when a stopped clock has used up its counter', () => {
  const source = createIdSource({ now: () => 7, fillRandom: (bytes) => bytes.fill(0xff) })
  // The highest start leaves half of the counter, from 2^25 − 1 to its end.
  let last = source()
  let count = 1
  for (; idTime(last) === 7 && count < 2 ** 25 + 2; count++) {
    const id = source()
    if (!(id > last)) throw new Error(`${id} does not follow ${last}`)
    last = id
  }
  expect(idTime(last)).toBe(8)
  expect(count).toBe(2 ** 25 + 2)
})
