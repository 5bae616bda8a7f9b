/**
 * @typedef {object} SystemEntry
 * @property {string} durability  What is promised for an acknowledged job.
 * @property {boolean} ours
 * @property {'usual' | 'synced'} server  Which of the engine's servers it runs on; Redis has two.
 * @property {() => Promise<{ open: import('./types.js').OpenSystem }>} load
 */

/** The peers have a folder and packages of their own, installed on demand. @param {string} name */
const peer = (name) => () => import(new URL(`../peers/${name}.js`, import.meta.url).href)
const ours = () => import('./posthaste.js')
/** A library that a task uses, alone. Its cases call it themselves. */
const bare = () => Promise.reject(new Error('A bare library is no store that could be opened.'))

const SYNCED = 'synced (fsync, synchronous_commit)'
const IN_MEMORY = 'in the memory of the server'

/**
 * By engine and name.
 *
 * @type {Readonly<Record<import('./types.js').EngineName, Readonly<Record<string, SystemEntry>>>>}
 */
export const SYSTEMS = {
  sqlite: {
    posthaste: { durability: 'synced (FULL)', ours: true, server: 'usual', load: ours },
    plainjob: { durability: 'not synced (NORMAL)', ours: false, server: 'usual', load: peer('plainjob') },
    'plainjob-full': {
      durability: 'synced (FULL)',
      ours: false,
      server: 'usual',
      load: peer('plainjob-full'),
    },
  },
  postgres: {
    posthaste: { durability: SYNCED, ours: true, server: 'usual', load: ours },
    'graphile-worker': { durability: SYNCED, ours: false, server: 'usual', load: peer('graphile-worker') },
    'graphile-worker-direct': {
      durability: SYNCED,
      ours: false,
      server: 'usual',
      load: peer('graphile-worker-direct'),
    },
    'pg-boss': { durability: SYNCED, ours: false, server: 'usual', load: peer('pg-boss') },
    'bullmq-postgres': { durability: SYNCED, ours: false, server: 'usual', load: peer('bullmq-postgres') },
  },
  redis: {
    posthaste: { durability: IN_MEMORY, ours: true, server: 'usual', load: ours },
    'posthaste-synced': {
      durability: 'synced (appendfsync always)',
      ours: true,
      server: 'synced',
      load: ours,
    },
    bullmq: { durability: IN_MEMORY, ours: false, server: 'usual', load: peer('bullmq') },
    'bee-queue': { durability: IN_MEMORY, ours: false, server: 'usual', load: peer('bee-queue') },
  },
  tasks: {
    posthaste: { durability: 'synced (FULL)', ours: true, server: 'usual', load: ours },
    sharp: { durability: 'nothing is promised', ours: false, server: 'usual', load: bare },
    'sharp-as-it-comes': { durability: 'nothing is promised', ours: false, server: 'usual', load: bare },
    duckdb: { durability: 'nothing is promised', ours: false, server: 'usual', load: bare },
    'duckdb-fresh': { durability: 'nothing is promised', ours: false, server: 'usual', load: bare },
  },
}

/** @type {readonly import('./types.js').EngineName[]} */
export const ENGINES = ['sqlite', 'postgres', 'redis', 'tasks']

/** @param {string} engine @returns {engine is import('./types.js').EngineName} */
export const isEngine = (engine) => Object.hasOwn(SYSTEMS, engine)

/** @param {string} engine @param {string} name */
export const systemOf = (engine, name) => {
  const entry = isEngine(engine) ? SYSTEMS[engine][name] : undefined
  if (entry === undefined) throw new Error(`There is no system ${name} on ${engine}.`)
  return entry
}
