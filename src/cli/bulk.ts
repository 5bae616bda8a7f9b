import { type Command, InvalidArgumentError } from 'commander'
import type { BulkAction } from '../core/bulk.ts'
import { BULK_SAMPLE, CANARY_JOBS, CANARY_JOBS_MAX } from '../core/limits.ts'
import type { Priority } from '../core/priority.ts'
import type { BulkRequest, BulkRun } from '../runtime/bulk/bulk.ts'
import type { BulkFilterOptions } from '../runtime/bulk/filter.ts'
import type { BulkInfo } from '../runtime/bulk/view.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import { wholeNumber } from './arguments.ts'
import { EXIT, usageError } from './exit.ts'
import type { Terminal } from './output/terminal.ts'
import { BY } from './who.ts'

/** What a command that acts on many jobs is told beside its filter. */
export interface BulkFlags {
  readonly filter?: BulkFilterOptions
  readonly all?: true
  readonly dryRun?: true
  readonly yes?: true
  readonly canary?: number | true
  readonly reason?: string
  readonly priority?: string
}

const LISTS = ['state', 'queue', 'task']

/** 'state=dead', 'older-than=7d': repeated for another field, or for another value of one that takes several. */
const collectFilter = (text: string, before: BulkFilterOptions = {}): BulkFilterOptions => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write FIELD=VALUE, such as state=dead.')
  const name = text.slice(0, at).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const value = text.slice(at + 1)
  const earlier = (before as Readonly<Record<string, unknown>>)[name]
  if (LISTS.includes(name))
    return { ...before, [name]: [...((earlier as string[] | undefined) ?? []), ...value.split(',')] }
  if (earlier !== undefined) throw new InvalidArgumentError(`${name} is given twice.`)
  return { ...before, [name]: value }
}

/** Whether something waits for a person to answer is decided by these. */
export const addBulkOptions = (command: Command, canary: boolean): Command => {
  command
    .option('--dry-run', 'say how many it would be, and show the first, without doing it')
    .option('--yes', 'do it without asking')
  return canary
    ? command.option(
        '--canary [jobs]',
        `so many jobs first (${CANARY_JOBS}); the others only when these do well`,
        wholeNumber('--canary', 1, CANARY_JOBS_MAX),
      )
    : command
}

export const addFilterOptions = (command: Command): Command =>
  command
    .option(
      '--filter <field=value>',
      'instead of ids: state, queue, task, group, key, ref, parent, batch, tag, worker, search, fingerprint, older-than, created-after or created-before',
      collectFilter,
    )
    .option('--all', 'instead of ids: every job that it can be done to')

/** Shows what would be done, asks, does it and tells how it went. */
export const actInBulk = async (
  terminal: Terminal,
  posthaste: Posthaste,
  action: BulkAction,
  { filter, all, dryRun, yes, canary, reason, priority }: BulkFlags,
): Promise<number> => {
  const request: BulkRequest = {
    ...{ action, by: BY, all: all === true },
    ...(filter === undefined ? {} : { filter }),
    ...(canary === undefined ? {} : { canary }),
    ...(reason === undefined ? {} : { reason }),
    ...(priority === undefined ? {} : { priority: priority as Priority }),
  }
  const { printPreview } = await import('./output/bulk.ts')
  if (dryRun === true || yes !== true) {
    const preview = await posthaste.bulk({ ...request, dryRun: true })
    if (dryRun === true && terminal.json) {
      terminal.printJson(preview)
      return EXIT.ok
    }
    if (!terminal.json) printPreview(terminal, preview, { now: Date.now(), sample: BULK_SAMPLE })
    if (dryRun === true && preview.count > 0)
      terminal.note('Nothing was done. Do it: the same with --yes in the place of --dry-run.')
    if (dryRun === true || preview.count === 0) return EXIT.ok
    if (!(await confirmed(terminal))) return EXIT.failed
  }
  return follow(terminal, await posthaste.bulk(request))
}

/** @throws E_USAGE when nobody is there to be asked */
const confirmed = async (terminal: Terminal): Promise<boolean> => {
  if (terminal.json || !process.stdin.isTTY || terminal.errWidth === null)
    throw usageError('Nobody can be asked here. Add --yes to do it, or --dry-run to see what it would do.')
  const { createInterface } = await import('node:readline/promises')
  const line = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await line.question('Do it? [y/N] ')).trim())
  } finally {
    line.close()
  }
}

/** Tells how a run gets on until it is over. It goes on elsewhere when this program is ended. */
export const follow = async (terminal: Terminal, run: BulkRun): Promise<number> => {
  const { progressBar } = await import('./output/progress.ts')
  const { printRun } = await import('./output/bulk.ts')
  terminal.note(terminal.errColors.dim(`Run ${run.id}. Any worker goes on with it when this program ends.`))
  let bar: ReturnType<typeof progressBar> | null = null
  let last: BulkInfo | null = null
  for await (const info of run) {
    bar ??= progressBar(terminal, info.action, info.total)
    bar.update(info.done + info.refused)
    last = info
  }
  bar?.end()
  const info = last ?? (await run.status())
  if (terminal.json) terminal.printJson(info)
  else printRun(terminal, info, Date.now())
  return info.state === 'done' && info.refused === 0 ? EXIT.ok : EXIT.failed
}
