import { PosthasteError } from '../core/errors.ts'
import { orderFlow } from '../core/flow.ts'
import type { NewJob, OnParentFailure } from '../core/job.ts'
import { PARENTS_MAX } from '../core/limits.ts'
import { checkName } from '../core/names.ts'
import type { InsertVerdict } from '../engines/engine.ts'
import { addedJob } from './added.ts'
import { refuse } from './arguments.ts'
import type { AddedRef } from './client.ts'
import type { RuntimeDeps } from './deps.ts'
import type { AddOptions, AfterOne } from './options.ts'
import type { Prepare } from './prepare.ts'
import type { AnyTask } from './task.ts'
import type { AddItem } from './types.ts'

/** One job of a flow. */
export interface FlowItem<Ref = string | AnyTask, Payload = unknown>
  extends Omit<AddItem<Ref, Payload>, 'after' | 'id' | 'key'> {
  /**
   * Names of jobs of this flow that must finish first; or names with what happens when they fail: default 'cancel'.
   * The handler finds their outputs under these names in `context.parents()`.
   */
  readonly after?: string | readonly string[] | Readonly<Record<string, OnParentFailure>>
}

export type FlowItems = Readonly<Record<string, FlowItem>>

export interface FlowDeps extends Pick<RuntimeDeps, 'engine' | 'events' | 'newId'> {
  readonly prepare: Prepare
}

const edgesOf = (after: FlowItem['after'], field: string): [string, OnParentFailure][] => {
  if (after === undefined) return []
  if (typeof after === 'string') return [[after, 'cancel']]
  if (Array.isArray(after)) return after.map((name: string) => [name, 'cancel'])
  if (typeof after !== 'object' || after === null)
    return refuse(field, 'is neither a name nor a list of names')
  return Object.entries(after as Record<string, OnParentFailure>)
}

/**
 * Adds jobs that depend on each other, all or none of them.
 * @throws E_FLOW_CIRCLE naming the circle, E_ARGUMENT for a name that is no job of the flow, and what add throws
 */
export const addFlow = async (
  { engine, events, newId, prepare }: FlowDeps,
  items: FlowItems,
): Promise<Record<string, AddedRef>> => {
  if (typeof items !== 'object' || items === null || Array.isArray(items)) refuse('jobs', 'is not an object')
  const names = Object.keys(items).map((name) => checkName(name, 'jobs'))
  if (names.length > PARENTS_MAX) refuse('jobs', `has ${names.length} jobs; ${PARENTS_MAX} are the limit`)
  const ids = new Map(names.map((name) => [name, newId()]))
  const edges = new Map(names.map((name) => [name, edgesOf(items[name]?.after, `jobs.${name}.after`)]))
  for (const [name, parents] of edges) {
    const unknown = parents.find(([parent]) => !ids.has(parent))
    if (unknown !== undefined)
      refuse(`jobs.${name}.after`, `names ${JSON.stringify(unknown[0])}, which is no job of this flow`)
  }
  const sorted = orderFlow(new Map([...edges].map(([name, parents]) => [name, parents.map(([one]) => one)])))
  if ('circle' in sorted) {
    const what = `The jobs wait for each other: ${sorted.circle.join(' → ')}.`
    throw new PosthasteError('E_FLOW_CIRCLE', what, { field: `jobs.${sorted.circle[0]}.after` })
  }
  const jobs: NewJob[] = []
  for (const name of sorted.order) {
    const { task, payload, after: _, ...options } = items[name] as FlowItem
    const field = `jobs.${name}.`
    // A job whose key is taken would not be added, and its children would wait for one that does not exist.
    if ('key' in options) refuse(`${field}key`, 'is given in a flow, which is added whole or not at all')
    const after = (edges.get(name) ?? []).map(
      ([parent, onParentFailure]): AfterOne => ({
        id: ids.get(parent) as string,
        name: parent,
        onParentFailure,
      }),
    )
    const own: AddOptions = {
      ...options,
      id: ids.get(name) as string,
      ...(after.length === 0 ? {} : { after }),
    }
    jobs.push(await prepare(task, payload, own, field))
  }
  const { verdicts, now } = await engine.insert(jobs)
  const answer: Record<string, AddedRef> = {}
  for (const [i, name] of sorted.order.entries()) {
    const { status, id } = verdicts[i] as InsertVerdict
    answer[name] = { id, inserted: status === 'inserted' }
    if (status === 'inserted' && events.has('added')) events.emit('added', addedJob(jobs[i] as NewJob, now))
  }
  return Object.fromEntries(names.map((name) => [name, answer[name] as AddedRef]))
}
