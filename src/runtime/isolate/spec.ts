import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { encodeJson } from '../../core/json.ts'
import {
  CHILD_MEMORY_MAX_MB,
  CHILD_MEMORY_MB,
  CHILD_MEMORY_MIN_MB,
  CHILD_SETTINGS_BYTES_MAX,
} from '../../core/limits.ts'
import { shown } from '../../core/text.ts'
import { checkWhole, refuse, refuseUnknown } from '../arguments.ts'
import type { AnyTask, Isolation } from '../task.ts'
import { isPassable } from './environment.ts'

/** What a child must be like to run a task. Children are shared by tasks that ask for the same. */
export interface ChildSpec {
  readonly kind: 'thread' | 'process'
  /** The module's file as a URL. */
  readonly url: string
  /** JSON text handed to the function that the module exports, or null. */
  readonly settings: string | null
  readonly memoryMb: number
  /** Variables to pass beside those that every child gets. */
  readonly env: readonly string[]
  /** The same text for the same child. */
  readonly key: string
}

const ISOLATIONS: ReadonlySet<unknown> = new Set<Isolation>(['none', 'thread', 'process'])
const MODULE_FIELDS = new Set(['url', 'settings'])
const ENV_NAMES_MAX = 100

/** The parts of a task about isolation, each by itself. @throws E_ARGUMENT naming the field */
export const checkIsolation = (task: AnyTask, of: (field: string) => string): void => {
  const { isolate, module, memoryMb, env } = task
  if (isolate !== undefined && !ISOLATIONS.has(isolate)) {
    refuse(of('isolate'), `is ${shown(isolate)}, not none, thread or process`)
  }
  if (module !== undefined) moduleOf(module, of('module'))
  if (memoryMb !== undefined) {
    checkWhole(memoryMb, of('memoryMb'), CHILD_MEMORY_MIN_MB, CHILD_MEMORY_MAX_MB)
  }
  if (env !== undefined) checkEnv(env, of('env'))
}

/** What the task's children must be like, or null when it runs in the worker. @throws E_ARGUMENT when its module is missing */
export const childSpec = (task: AnyTask): ChildSpec | null => {
  const { isolate = 'none', module, memoryMb = CHILD_MEMORY_MB, env = [] } = task
  if (isolate === 'none') return null
  if (module === undefined) {
    const how = 'give module: import.meta.url in the file that exports the task'
    return refuse(`task ${task.name}: module`, `is missing, which isolate: '${isolate}' needs; ${how}`)
  }
  const { url, settings } = moduleOf(module, `task ${task.name}: module`)
  const spec = { kind: isolate, url, settings, memoryMb, env }
  return { ...spec, key: JSON.stringify(spec) }
}

const checkEnv = (env: unknown, field: string): void => {
  if (!Array.isArray(env) || env.length > ENV_NAMES_MAX) {
    refuse(field, `is ${shown(env)}, not an array of at most ${ENV_NAMES_MAX} names of variables`)
    return
  }
  for (const name of env) {
    if (!isPassable(name))
      refuse(field, `names ${shown(name)}, which is no variable that a child may be given`)
  }
}

const moduleOf = (module: unknown, field: string): { url: string; settings: string | null } => {
  if (typeof module === 'string' || module instanceof URL)
    return { url: fileUrl(module, field), settings: null }
  if (typeof module !== 'object' || module === null)
    refuse(field, `is ${shown(module)}, not the URL of a file`)
  const given = module as { readonly url?: unknown; readonly settings?: unknown }
  refuseUnknown(given, MODULE_FIELDS, field)
  const { settings = null } = given
  const text = settings === null ? null : encodeJson(settings, `${field}.settings`, CHILD_SETTINGS_BYTES_MAX)
  return { url: fileUrl(given.url, `${field}.url`), settings: text }
}

const fileUrl = (url: unknown, field: string): string => {
  const text = url instanceof URL ? url.href : url
  if (typeof text === 'string') {
    if (isAbsolute(text)) return pathToFileURL(text).href
    try {
      return pathToFileURL(fileURLToPath(text)).href
    } catch {
      // Neither an absolute path nor the URL of a file.
    }
  }
  return refuse(field, `is ${shown(url)}, not the URL of a file (import.meta.url) or an absolute path`)
}
