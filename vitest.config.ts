import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

/** `npm run torture` lets campaigns go on for so long beyond what they take in any case. */
const longerMs = 2_000 * Number(process.env['CAMPAIGN_SECONDS'] ?? 0)

const ALONE = ['test/campaigns/kill-{stores,workers}.test.ts']
const campaign = { testTimeout: 600_000 + longerMs, hookTimeout: 60_000 }

/**
 * Four projects, one command.
 * - suites:    everything that is quick; `npm run test:quick` runs only these.
 * - slow:      files named `*.slow.test.ts` (long model-based runs).
 * - campaigns: `test/campaigns/**`, which kill real processes. They run last, because they measure recovery against a
 *              clock, two at a time; those that fill the machine by themselves run alone (`campaigns-alone`).
 */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^posthaste$/, replacement: source('index.ts') },
      { find: /^posthaste\/conformance$/, replacement: source('engines/conformance/index.ts') },
      { find: /^posthaste\/(testing|server|outbound)$/, replacement: source('$1/index.ts') },
      { find: /^posthaste\/tasks\/([a-z]+)$/, replacement: source('tasks/$1/index.ts') },
    ],
  },
  test: {
    // A file of its own process: native SQLite handles and process-wide settings cannot leak between files.
    pool: 'forks',
    // Most tests wait most of the time: three use two cores better than two do.
    maxWorkers: 3,
    allowOnly: false,
    // Generous: a busy machine is no failure. What must be quick is measured by the benchmark.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    setupFiles: ['./test/setup.ts'],
    globalSetup: ['./test/servers/postgres.ts', './test/servers/redis.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'suites',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{campaigns,corpus}/**', '**/*.slow.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: ['test/**/*.slow.test.ts'],
          exclude: ['test/campaigns/**'],
          testTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          ...campaign,
          name: 'campaigns',
          include: ['test/campaigns/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...campaign,
          name: 'campaigns-alone',
          include: ALONE,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
