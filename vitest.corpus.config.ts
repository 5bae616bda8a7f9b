import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** The checks over real data that `npm run test:corpus` names; they need no server. */
export default defineConfig({
  resolve: base.resolve ?? {},
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    setupFiles: ['./test/setup.ts'],
    include: ['test/corpus/**/*.test.ts'],
    // The scores are meant to be seen.
    disableConsoleIntercept: true,
  },
})
