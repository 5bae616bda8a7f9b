import { conformanceCases } from 'posthaste/conformance'
import { describe, it } from 'vitest'
import type { Clock } from '../../../src/core/clock.ts'
import { newId } from '../../../src/core/ids.ts'
import { createArchived } from '../../../src/engines/archive/index.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import { createMemoryEngine } from '../../../src/engines/memory/index.ts'
import { wrapEngine } from '../../../src/testing/wrap.ts'

/**
 * The conformance suite on an engine and an archive that are taken for one engine, while everything that finishes is
 * moved away at once: who stands on it must not be able to tell.
 */
const sweeping = async (clock: Clock): Promise<Engine> => {
  const [engine, archive] = [createMemoryEngine({ clock }), createMemoryEngine({ clock })]
  const archived = createArchived({
    engine,
    archive,
    clock,
    afterMs: 0,
    newKey: () => newId(),
  })
  await archived.open()
  return wrapEngine(archived, async (method, carryOut) => {
    const answer = await carryOut()
    // Nothing else ends a job.
    if (method === 'exchange' || method === 'change') await archived.archiver.sweep()
    return answer
  })
}

/** One case is about twenty thousand jobs, which the memory engine sorts at every look. */
const MINUTES = 180_000

/** What is about single stores: how jobs get from one into another. */
const APART = 'Keeping and restoring'
/** One call that is about jobs of both stores is carried out in the engine first, then in the archive. */
const OUT_OF_ORDER = 'changes of one call hand a key on in their order'
/** One that comes back out of the archive counts in its batch as one more. */
const COUNTED_ANEW = 'a job that is sent round again is on its way again'
const OTHERWISE = [OUT_OF_ORDER, COUNTED_ANEW]

describe('an engine with an archive, swept after every call that may end a job', () => {
  for (const one of conformanceCases()) {
    if (one.subject !== APART && !OTHERWISE.includes(one.name))
      it(`${one.subject}: ${one.name}`, () => one.run(({ clock }) => sweeping(clock)), MINUTES)
  }
})
