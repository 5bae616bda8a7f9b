import fc from 'fast-check'
import type { World } from './world.ts'

/** One kind of thing that a program may do, with what it needs for it. */
export interface Kind {
  readonly name: string
  readonly arbitrary: fc.Arbitrary<fc.AsyncCommand<World, World>>
}

/** A kind of command: `run` makes the same calls on both stores of the world, with the values that were drawn. */
export const kind = <T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  run: (world: World, given: T) => Promise<unknown>,
): Kind => ({
  name,
  arbitrary: arbitrary.map((given) => ({
    check: () => true,
    async run(world) {
      world.tally.add(name)
      await run(world, given)
      await world.checkSteps()
    },
    toString: () => `${name} ${fc.stringify(given)}`,
  })),
})
