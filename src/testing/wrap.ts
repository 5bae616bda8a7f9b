import type { Engine } from '../engines/engine.ts'

/** The methods of an engine that talk to its store. */
export type EngineMethod = Exclude<keyof Engine, 'info'>

const METHODS = Object.keys({
  open: true,
  close: true,
  now: true,
  insert: true,
  exchange: true,
  report: true,
  expired: true,
  promote: true,
  change: true,
  requestCancel: true,
  setLimits: true,
  limits: true,
  overdue: true,
  news: true,
  clearNews: true,
  batches: true,
  forgetBatches: true,
  prune: true,
  finished: true,
  restore: true,
  get: true,
  list: true,
  counts: true,
  logs: true,
  queues: true,
  pause: true,
  beat: true,
  workers: true,
  getRecords: true,
  putRecords: true,
  listRecords: true,
  listen: true,
} satisfies { readonly [M in EngineMethod]: true }) as EngineMethod[]

/** Stands around every call: `carryOut` makes the call on the engine beneath and answers what it answers. */
export type Around = (method: EngineMethod, carryOut: () => Promise<unknown>) => Promise<unknown>

/** An engine of which every call goes through `around`. */
export const wrapEngine = (engine: Engine, around: Around): Engine => {
  const wrapped: { [M in keyof Engine]?: unknown } = { info: () => engine.info() }
  for (const method of METHODS) {
    wrapped[method] = (...args: unknown[]) =>
      around(method, () => Reflect.apply(engine[method] as () => Promise<unknown>, engine, args))
  }
  return wrapped as Engine
}
