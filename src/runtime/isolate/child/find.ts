import { fileURLToPath } from 'node:url'
import { loadModule } from '../../load-module.ts'
import type { AnyTask } from '../../task.ts'

/** Set while a child imports its module: an installation that is opened there would start workers within workers. */
const LOADING: unique symbol = Symbol.for('posthaste.child.loading')

/**
 * The tasks that a module exports, by name: tasks, packs, and arrays of them under any name; with settings, what its
 * default export answers when it is called with them.
 * @throws E_CONFIG when the module cannot be imported, and what it throws
 */
export const findTasks = async (url: string, settings: string | null): Promise<Map<string, AnyTask>> => {
  const globals = globalThis as { [LOADING]?: boolean }
  globals[LOADING] = true
  try {
    const exports = await loadModule(fileURLToPath(url), 'The module')
    return collect(settings === null ? Object.values(exports) : [await called(exports, JSON.parse(settings))])
  } finally {
    globals[LOADING] = false
  }
}

const called = (exports: Readonly<Record<string, unknown>>, settings: unknown): unknown => {
  const make = exports['default']
  if (typeof make !== 'function') throw new Error('Its default export is no function that takes settings.')
  return make(settings)
}

const collect = (exported: readonly unknown[]): Map<string, AnyTask> => {
  const tasks = new Map<string, AnyTask>()
  for (const one of exported.flat()) {
    const { tasks: ofPack } = Object(one) as { readonly tasks?: unknown }
    for (const task of Array.isArray(ofPack) ? ofPack : [one]) {
      const { name, run } = Object(task) as { readonly name?: unknown; readonly run?: unknown }
      if (typeof name === 'string' && typeof run === 'function' && !tasks.has(name)) tasks.set(name, task)
    }
  }
  return tasks
}
