import type { Blobs } from '../blobs/blob.ts'
import type { Clock } from '../core/clock.ts'
import type { NewJob } from '../core/job.ts'
import type { Archiver } from '../engines/archived.ts'
import type { Engine } from '../engines/engine.ts'
import type { Events } from './events.ts'
import type { Logger } from './logger.ts'
import type { AddOptions } from './options.ts'
import type { AnyTask } from './task.ts'

/** What every part of the runtime is given. Nothing in the runtime reads a clock, a random source or a setting elsewhere. */
export interface RuntimeDeps {
  /** Open, and closed only after every worker and the maintainer have stopped. */
  readonly engine: Engine
  /** What moves finished jobs into the archive; null when there is none. */
  readonly archiver: Archiver | null
  readonly blobs: Blobs
  /** The tasks of this process by name, those of packs included. */
  readonly tasks: ReadonlyMap<string, AnyTask>
  readonly clock: Clock
  readonly logger: Logger
  /** Local events. Building a Job for nobody is waste: ask `events.has(name)` first. */
  readonly events: Events
  readonly settings: RuntimeSettings
  /** In [0, 1). */
  readonly random: () => number
  /** A UUIDv7, greater than every one before it in this process. */
  readonly newId: () => string
  /**
   * A job ready to be inserted: options checked, the payload validated and encoded. Throws a PosthasteError
   * (E_ARGUMENT, E_NAME, E_DURATION, E_PRIORITY, E_PAYLOAD, E_JSON, E_TOO_LARGE) that names the field. Synchronous: a
   * task whose schema validates asynchronously is refused here.
   */
  readonly prepareAdd: (task: string | AnyTask, payload: unknown, options?: AddOptions) => NewJob
}

/** Lengths in ms; defaults in core/limits.ts. */
export interface RuntimeSettings {
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly sweepMs: number
  readonly promoteMs: number
  readonly pruneMs: number
  readonly archiveSweepMs: number
  readonly archiveAfterMs: number
  readonly retention: Retention
}

export interface RetentionRule {
  readonly ageMs: number
  readonly count: number
}
export interface Retention {
  readonly completed: RetentionRule
  readonly cancelled: RetentionRule
  readonly dead: RetentionRule
}
