import { existsSync } from 'node:fs'
import type { Config } from '../core/config.ts'
import { PosthasteError } from '../core/errors.ts'
import type { Job } from '../core/view.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import type { AnyTask } from '../runtime/task.ts'
import type { CommonOptions } from './command.ts'
import type { Terminal } from './output/terminal.ts'

export interface OpenOptions {
  /**
   * What to do when the SQLite file does not exist: `create` it, or take it for `empty`, because a question must not
   * leave a file behind in whatever folder it was asked in. Default `create`.
   */
  readonly missing?: 'create' | 'empty'
  /** Tasks whose schemas check payloads at add. */
  readonly tasks?: (config: Config) => Promise<readonly AnyTask[]>
}

/** Opens the installation for one command, and closes it whatever happens. */
export const withStore = async <T>(
  terminal: Terminal,
  options: CommonOptions,
  work: (posthaste: Posthaste, config: Config) => Promise<T>,
  { missing = 'create', tasks = async () => [] }: OpenOptions = {},
): Promise<T> => {
  const { readConfig } = await import('./config.ts')
  const config = await readConfig(options)
  const file = missing === 'empty' ? missingFile(config.engine) : null
  const isArchiveMissing =
    missing === 'empty' && config.archive !== null && missingFile(config.archive) !== null
  if (file !== null) terminal.note(terminal.errColors.dim(`There is no database at ${file} yet.`))
  const { posthaste } = await import('../runtime/posthaste.ts')
  const opened = await posthaste({
    engine: file === null ? config.engine : 'memory:',
    archive: isArchiveMissing ? null : config.archive,
    tasks: await tasks(config),
  })
  try {
    return await work(opened, config)
  } finally {
    await opened.close()
  }
}

const missingFile = (url: string): string | null => {
  if (!url.startsWith('sqlite:')) return null
  const path = url.slice('sqlite:'.length)
  return existsSync(path) ? null : path
}

/** @throws E_JOB_MISSING */
export const existing = async (posthaste: Posthaste, id: string): Promise<Job> => {
  const job = await posthaste.get(id)
  if (job === null) throw new PosthasteError('E_JOB_MISSING', `There is no job ${id}.`, { field: 'id' })
  return job
}
