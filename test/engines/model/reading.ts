import fc from 'fast-check'
import { JOB_STATES } from '../../../src/core/states.ts'
import { sortedCounts } from '../../../src/engines/conformance/snapshot.ts'
import type { ListQuery } from '../../../src/engines/engine.ts'
import { index, queue, task } from './arbitraries.ts'
import { type Kind, kind } from './command.ts'

const sort: fc.Arbitrary<ListQuery['sort']> = fc.record({
  field: fc.constantFrom(
    'id',
    'id',
    'task',
    'queue',
    'priority',
    'state',
    'attempt',
    'createdAt',
    'runAt',
    'startedAt',
    'finishedAt',
  ),
  descending: fc.boolean(),
})

const filters = fc.record(
  {
    states: fc.subarray(JOB_STATES),
    queues: fc.array(queue, { maxLength: 2 }),
    tasks: fc.array(task, { maxLength: 1 }),
    group: fc.constantFrom('g', 'none'),
    key: fc.constantFrom('k1', 'K1'),
    ref: fc.constantFrom('r1', 'R1'),
    batch: fc.constantFrom('b1', 'none'),
    tag: fc.constantFrom('t', 'ü', 'T'),
    worker: fc.constantFrom('w1', 'nobody'),
    search: fc.constantFrom('X', 'greylisted', 'É', '"T"', '1E400', '0198C0DE', '_', ''),
    createdAfter: fc.constant(Date.UTC(2026, 0, 1)),
    createdBefore: fc.constant(Date.UTC(2026, 0, 1) + 60_000),
  },
  { requiredKeys: [] },
)

/** Mostly one filter, rarely several: of many at once, nothing is left. */
const someFilters = fc
  .tuple(filters, fc.nat({ max: 2 }))
  .map(([all, most]) => Object.fromEntries(Object.entries(all).slice(0, most)))

export const reading: readonly Kind[] = [
  kind(
    'list',
    fc.record({ sort, filters: someFilters, limit: fc.constantFrom(1, 3, 200) }),
    async (world, given) => {
      let after: ListQuery['after'] = null
      for (let pages = 0; pages < 4; pages++) {
        const query: ListQuery = { ...given.filters, sort: given.sort, after, limit: given.limit }
        const page = await world.both('list', (engine) => engine.list(query))
        const last = page?.jobs.at(-1)
        if (page === undefined || last === undefined || !page.more) return
        after = { id: last.id, value: last[given.sort.field] }
      }
    },
  ),
  kind('get', fc.array(index, { maxLength: 4 }), (world, places) =>
    world.both('get', (engine) => engine.get(places.map((at) => world.idAt(at)))),
  ),
  kind('count', fc.constant(null), (world) =>
    world.both('counts', async (engine) => sortedCounts(await engine.counts())),
  ),
  kind('look at queues and workers', fc.constant(null), async (world) => {
    await world.both('queues', (engine) => engine.queues())
    await world.both('workers', (engine) => engine.workers())
  }),
  kind(
    'read a log',
    fc.record({ job: index, seq: fc.nat({ max: 5 }), fence: fc.nat({ max: 3 }) }),
    (world, { job, ...after }) =>
      world.both('logs', (engine) => engine.logs({ id: world.idAt(job), after, limit: 3 })),
  ),
]
