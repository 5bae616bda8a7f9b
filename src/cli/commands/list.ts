import type { Command } from 'commander'
import { PAGE_SIZE, PAGE_SIZE_MAX } from '../../core/limits.ts'
import { JOB_STATES } from '../../core/states.ts'
import type { ListOptions } from '../../runtime/query.ts'
import { wholeNumber } from '../arguments.ts'
import { type Act, type CommonOptions, collectList, common, define, ownOptions } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'

/** Flags are named like the filters of the library, which checks their values. */
interface ListFlags extends CommonOptions, Omit<ListOptions, 'cursor'> {
  readonly cursor?: string
}

const SORTS = 'createdAt, runAt, startedAt, finishedAt, priority, attempt, state, task, queue, id'

export const addList = (program: Command, act: Act): void => {
  const command = define(program, 'list', {
    summary: 'list jobs, the newest first',
    examples: ['list --state dead,retrying', 'list --search ada@example.com --limit 10', 'list --sort runAt'],
  })
    .option('--state <states>', `only these: ${JOB_STATES.join(', ')}`, collectList)
    .option('--queue <queues>', 'only of these queues', collectList)
    .option('--task <tasks>', 'only of these tasks', collectList)
    .option('--group <name>', 'only of this group')
    .option('--key <key>', 'only with this unique key')
    .option('--ref <ref>', "only with this caller's reference")
    .option('--tag <tag>', 'only with this tag')
    .option('--worker <id>', 'only what this worker runs or ran last')
    .option('--created-after <time>', 'only added after that: 2030-01-31T09:00:00Z')
    .option('--created-before <time>', 'only added before that')
    .option('--search <text>', 'only where id, task, queue, key, ref, tags, payload or error contain it')
    .option('--sort <field>', `${SORTS}; with - before it from the last to the first (default: -id)`)
    .option(
      '--limit <n>',
      `at most so many (default: ${PAGE_SIZE})`,
      wholeNumber('--limit', 1, PAGE_SIZE_MAX),
    )
    .option('--cursor <cursor>', 'the next page, as the page before named it')
  common(command).action(
    act<[ListFlags]>(async (terminal, options) => {
      const filters = ownOptions(options)
      const page = await withStore(terminal, options, (posthaste) => posthaste.list(filters), {
        missing: 'empty',
      })
      if (terminal.json) {
        terminal.printJson(page)
      } else {
        const { printPage } = await import('../output/page.ts')
        printPage(terminal, page, { now: Date.now(), isFiltered: Object.keys(filters).length > 0 })
      }
      return EXIT.ok
    }),
  )
}
