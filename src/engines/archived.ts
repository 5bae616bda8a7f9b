import type { Engine } from './engine.ts'

/** An engine whose finished jobs are kept in an archive: whoever uses it sees one store. Opened by `openArchived`. */
export interface ArchivedEngine extends Engine {
  /** The engine alone: what has not been moved. */
  readonly live: Engine
  readonly archiver: Archiver
}

export interface Archiver {
  /** Moves finished jobs whose time has come, and puts in order what a crash left. @throws E_ARCHIVE, E_STORE… */
  sweep(): Promise<ArchiveSweep>
  /** As the last calls of this process found it. Asks nobody. */
  status(): ArchiveStatus
  /** Asks the archive for a sign of life. @throws E_ARCHIVE */
  ping(): Promise<void>
}

export interface ArchiveSweep {
  readonly moved: number
  /** Whether there is more to move at once. */
  readonly more: boolean
  /** Jobs that the archive does not take, and why: they stay in the engine. */
  readonly refused: readonly { readonly id: string; readonly error: unknown }[]
}

/** How it is with the archive, as this process last saw it. */
export interface ArchiveStatus {
  readonly kind: string
  /** Where it is, secrets masked. */
  readonly location: string
  /** Whether the last call was answered. */
  readonly ok: boolean
  /** Since when no call was answered, by the clock of this process, or null. */
  readonly failingSince: Date | null
  readonly error: string | null
  /** Jobs that this process moved into it. */
  readonly moved: number
}

/** The archived engine behind an engine, or null when it has no archive. */
export const asArchived = (engine: Engine): ArchivedEngine | null =>
  'archiver' in engine ? (engine as ArchivedEngine) : null
