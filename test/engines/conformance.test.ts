import { describe, it } from 'vitest'
import { conformance } from '../../src/engines/conformance/index.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'

describe('memory', () => {
  conformance(
    async ({ clock }) => {
      const engine = createMemoryEngine({ clock })
      await engine.open()
      return engine
    },
    { describe, it },
  )
})
