import type { Command } from 'commander'
import { PosthasteError } from '../../core/errors.ts'
import { PAGE_SIZE, PAGE_SIZE_MAX } from '../../core/limits.ts'
import { wholeNumber } from '../arguments.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'
import { BY } from '../who.ts'

const idOf = (text: string): string => text.trim().toLowerCase()

/** `posthaste bulk …`: how actions on many jobs get on. */
export const addBulk = (program: Command, act: Act): void => {
  const group = define(program, 'bulk', {
    summary: 'watch actions on many jobs: list, show, stop',
    examples: ['bulk list', 'bulk show 01890a5d-ac96-774b-bcce-b302099a8057'],
  })
  const list = define(group, 'list', { summary: 'list bulk runs, the newest first' }).option(
    '--limit <n>',
    `at most so many (default: ${PAGE_SIZE})`,
    wholeNumber('--limit', 1, PAGE_SIZE_MAX),
  )
  common(list).action(
    act<[CommonOptions & { readonly limit?: number }]>(async (terminal, options) => {
      const { limit = PAGE_SIZE } = options
      const runs = await withStore(terminal, options, (posthaste) => posthaste.bulks.list({ limit }), {
        missing: 'empty',
      })
      if (terminal.json) terminal.printJson({ runs })
      else (await import('../output/bulk.ts')).printRuns(terminal, runs, Date.now())
      return EXIT.ok
    }),
  )
  common(define(group, 'show <id>', { summary: 'show how a run stands, or how it went' })).action(
    act<[string, CommonOptions]>(async (terminal, id, options) => {
      const run = await withStore(terminal, options, (posthaste) => posthaste.bulks.get(idOf(id)), {
        missing: 'empty',
      })
      if (run === null)
        throw new PosthasteError('E_BULK_MISSING', `There is no bulk run ${id}.`, { field: 'id' })
      if (terminal.json) terminal.printJson(run)
      else (await import('../output/bulk.ts')).printRun(terminal, run, Date.now())
      return EXIT.ok
    }),
  )
  common(define(group, 'stop <id>', { summary: 'let no further step of a run begin' })).action(
    act<[string, CommonOptions]>(async (terminal, id, options) => {
      const run = await withStore(
        terminal,
        options,
        (posthaste) => posthaste.bulks.stop(idOf(id), { by: BY }),
        { missing: 'empty' },
      )
      if (terminal.json) terminal.printJson(run)
      else (await import('../output/bulk.ts')).printRun(terminal, run, Date.now())
      return EXIT.ok
    }),
  )
}
