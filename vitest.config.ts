import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

/** `npm run torture` lets campaigns go on for so long beyond what they take in any case. */
const longerMs = 2_000 * Number(process.env['CAMPAIGN_SECONDS'] ?? 0)

/** `npm run test:quick`: of the suites, those that need neither a server nor a browser nor a program, on memory and SQLite. */
const isQuick = process.env['TEST_QUICK'] !== undefined
const NOT_QUICK = [
  'test/{cli,dashboard,examples,heritage,repo,servers}/**',
  'test/{examples,walk}.test.ts',
  'test/engines/{archive,postgres,redis}/**',
  'test/engines/{limits,limits-model,model,open,survival}.test.ts',
  'test/engines/sqlite/{conformance,durability,limits,opening,sharing}.test.ts',
  'test/runtime/{archive,bulk-crash,connections,isolation,maintainer,schedules,schedules-many,steps-killed}.test.ts',
  'test/runtime/worker-{abort,ahead,faults,stop}.test.ts',
  'test/server/{archive,events}.test.ts',
  'test/tasks/{data,image}/*.test.ts',
]

/**
 * Three projects, one command.
 * - suites:    everything that is quick; `npm run test:quick` runs the quickest of them.
 * - slow:      files named `*.slow.test.ts` (long model-based runs).
 * - campaigns: `test/campaigns/**`, which kill real processes. They run last and two at a time, because they measure
 *              recovery against a clock; their bounds know how busy the machine is.
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
    maxWorkers: isQuick ? 4 : 3,
    allowOnly: false,
    // Generous: a busy machine is no failure. What must be quick is measured by the benchmark.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    setupFiles: ['./test/setup.ts'],
    globalSetup: isQuick ? [] : ['./test/servers/postgres.ts', './test/servers/redis.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'suites',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{campaigns,corpus}/**', '**/*.slow.test.ts', ...(isQuick ? NOT_QUICK : [])],
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
          name: 'campaigns',
          include: ['test/campaigns/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 600_000 + longerMs,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
