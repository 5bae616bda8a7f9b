import fc from 'fast-check'
import type { NewJob } from '../../../src/core/job.ts'
import { isFinished } from '../../../src/core/states.ts'
import type { InsertOptions } from '../../../src/engines/engine.ts'
import { type DrawnJob, fenceOff, index, job, jobs, writes } from './arbitraries.ts'
import { type Kind, kind } from './command.ts'
import type { World } from './world.ts'

export const withIds = (world: World, drawn: readonly DrawnJob[]): NewJob[] =>
  drawn.map(({ salt, body }) => withTies(world, { id: world.newId(salt), ...body }))

/** Numbers of jobs turned into their ids; a parent that is named twice is one. */
const withTies = (world: World, { ties, ...job }: DrawnJob['body'] & { id: string }): NewJob => ({
  ...job,
  ties: ties && {
    ...ties,
    keyFrom: ties.keyFrom === null ? null : world.idAt(ties.keyFrom),
    parents: [...new Set(ties.parents.map((at) => world.idAt(at)))]
      .filter((id) => id !== job.id)
      .map((id) => ({ id, name: null, onFailure: 'hold' })),
  },
})

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
    insert(world, [withTies(world, { id: world.idAt(known), ...body })]),
  ),
  kind('add with records', fc.record({ jobs, writes }), (world, given) =>
    insert(world, withIds(world, given.jobs), { records: given.writes }),
  ),
  kind(
    'add in the place of another',
    fc.record({
      job,
      at: index,
      to: fc.constantFrom('cancelled' as const, 'removed' as const),
      off: fenceOff,
    }),
    async (world, given) => {
      const [old] = (await world.both('get', (engine) => engine.get([world.idAt(given.at)]))) ?? []
      if (!old || old.state === 'running' || isFinished(old.state)) return
      const { id, fence, attempt, retries, crashes, solo, reason, output, error, history, state } = old
      const values = { attempt, retries, crashes, solo, reason, output, error, history }
      const change = { id, fence: fence + given.off, from: state, to: given.to, ...values } as const
      const [next] = withIds(world, [given.job])
      if (next !== undefined) await insert(world, [{ ...next, key: old.key }], { changes: [change] })
    },
  ),
  kind('add at the same time', fc.array(jobs, { minLength: 2, maxLength: 5 }), (world, calls) => {
    const lists = calls.map((drawn) => withIds(world, drawn))
    return world.bothAtOnce(
      'insert',
      lists.map((list) => (engine) => engine.insert(list)),
    )
  }),
]
