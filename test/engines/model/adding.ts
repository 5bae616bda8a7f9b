import fc from 'fast-check'
import type { NewJob } from '../../../src/core/job.ts'
import type { InsertOptions } from '../../../src/engines/engine.ts'
import { type DrawnJob, index, job, jobs, writes } from './arbitraries.ts'
import { type Kind, kind } from './command.ts'
import type { World } from './world.ts'

export const withIds = (world: World, drawn: readonly DrawnJob[]): NewJob[] =>
  drawn.map(({ salt, body }) => ({ id: world.newId(salt), ...body }))

export const insert = async (world: World, list: readonly NewJob[], options?: InsertOptions) => {
  world.lastInsert = list
  const answer = await world.both('insert', (engine) => engine.insert(list, options))
  for (const { status } of answer?.verdicts ?? []) world.tally.add(`insert → ${status}`)
}

export const adding: readonly Kind[] = [
  kind('add one', job, (world, drawn) => insert(world, withIds(world, [drawn]))),
  kind('add several', jobs, (world, drawn) => insert(world, withIds(world, drawn))),
  kind('add again', fc.constant(null), (world) => insert(world, world.lastInsert)),
  kind('add a known id', fc.record({ job, known: index }), (world, { job: { body }, known }) =>
    insert(world, [{ id: world.idAt(known), ...body }]),
  ),
  kind('add with records', fc.record({ jobs, writes }), (world, given) =>
    insert(world, withIds(world, given.jobs), { records: given.writes }),
  ),
  kind('add at the same time', fc.array(jobs, { minLength: 2, maxLength: 5 }), (world, calls) => {
    const lists = calls.map((drawn) => withIds(world, drawn))
    return world.bothAtOnce(
      'insert',
      lists.map((list) => (engine) => engine.insert(list)),
    )
  }),
]
