import type { Command } from 'commander'
import { durationMs } from '../../core/durations.ts'
import { PAGE_SIZE, PAGE_SIZE_MAX } from '../../core/limits.ts'
import type { AuditOptions } from '../../runtime/audit.ts'
import { wholeNumber } from '../arguments.ts'
import { type Act, type CommonOptions, common, define, ownOptions } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'

type Flags = CommonOptions & Omit<AuditOptions, 'since'> & { readonly since?: string }

export const addAudit = (program: Command, act: Act): void => {
  const command = define(program, 'audit', {
    summary: 'show who did what to jobs, queues and schedules, the newest first',
    examples: ['audit', 'audit --since 2h --by ada@laptop', 'audit --queue mail'],
  })
    .option('--by <who>', 'only of this one')
    .option('--action <action>', 'only such: cancel, pause, schedule, bulk, …')
    .option('--job <id>', 'only about this job')
    .option('--queue <name>', 'only about this queue')
    .option('--schedule <name>', 'only about this schedule')
    .option('--bulk <id>', 'only about this bulk run')
    .option('--since <time>', 'not older than that: 2h, or 2030-01-31T09:00:00Z')
    .option(
      '--limit <n>',
      `at most so many (default: ${PAGE_SIZE})`,
      wholeNumber('--limit', 1, PAGE_SIZE_MAX),
    )
    .option('--cursor <cursor>', 'the next page, as the page before named it')
  common(command).action(
    act<[Flags]>(async (terminal, options) => {
      const { since, ...filters } = ownOptions(options)
      const page = await withStore(
        terminal,
        options,
        (posthaste) =>
          posthaste.audit({ ...filters, ...(since === undefined ? {} : { since: momentOf(since) }) }),
        { missing: 'empty' },
      )
      if (terminal.json) terminal.printJson(page)
      else (await import('../output/operating.ts')).printAudit(terminal, page, Date.now())
      return EXIT.ok
    }),
  )
}

/** '2h' is so long ago; anything else is a moment, which the library checks. */
const momentOf = (since: string): string | number =>
  /^[\d.]+[a-z]+$/.test(since) ? Date.now() - durationMs(since, 'since') : since
