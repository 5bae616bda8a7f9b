import type { Command } from 'commander'
import type { BulkAction } from '../../core/bulk.ts'
import { PosthasteError } from '../../core/errors.ts'
import { DEAD_LETTERS_GROUPS_MAX } from '../../core/limits.ts'
import type { DeadLettersOptions } from '../../runtime/dead-letters.ts'
import { wholeNumber } from '../arguments.ts'
import { actInBulk, addBulkOptions, type BulkFlags } from '../bulk.ts'
import { type Act, type CommonOptions, collectList, common, define, ownOptions } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'

type ListFlags = CommonOptions & Pick<DeadLettersOptions, 'queue' | 'task' | 'limit'>

/** `posthaste dead …`: what failed, by the kind of its error. */
export const addDead = (program: Command, act: Act): void => {
  const group = define(program, 'dead', {
    summary: 'look through what failed, by the kind of error: list, show, retry, remove',
    examples: ['dead list', 'dead retry 3f9ac1b2d4e5 --canary', 'dead remove 3f9ac1b2d4e5 --dry-run'],
  })
  const list = define(group, 'list', { summary: 'list kinds of errors, the most frequent first' })
    .option('--queue <queues>', 'only of these queues', collectList)
    .option('--task <tasks>', 'only of these tasks', collectList)
    .option(
      '--limit <n>',
      'at most so many (default: 50)',
      wholeNumber('--limit', 1, DEAD_LETTERS_GROUPS_MAX),
    )
  common(list).action(
    act<[ListFlags]>(async (terminal, options) => {
      const letters = await withStore(
        terminal,
        options,
        (posthaste) => posthaste.deadLetters(ownOptions(options)),
        { missing: 'empty' },
      )
      if (terminal.json) terminal.printJson(letters)
      else (await import('../output/operating.ts')).printDeadLetters(terminal, letters, Date.now())
      return EXIT.ok
    }),
  )
  common(
    define(group, 'show <fingerprint>', { summary: 'show one kind of error and some of its jobs' }),
  ).action(
    act<[string, CommonOptions]>(async (terminal, fingerprint, options) => {
      const { groups } = await withStore(
        terminal,
        options,
        (posthaste) => posthaste.deadLetters({ limit: DEAD_LETTERS_GROUPS_MAX }),
        { missing: 'empty' },
      )
      const found = groups.find((one) => one.fingerprint === fingerprint)
      if (found === undefined)
        throw new PosthasteError(
          'E_NOT_FOUND',
          `No failed job that was looked at has the fingerprint ${fingerprint}.`,
        )
      if (terminal.json) terminal.printJson(found)
      else (await import('../output/operating.ts')).printGroup(terminal, found, Date.now())
      return EXIT.ok
    }),
  )
  addVerb(group, act, 'retry', 'run its dead jobs again')
  addVerb(group, act, 'remove', 'delete its dead jobs')
}

const addVerb = (group: Command, act: Act, action: BulkAction, summary: string): void => {
  const command = define(group, `${action} <fingerprint>`, { summary })
  common(addBulkOptions(command, action === 'retry')).action(
    act<[string, CommonOptions & BulkFlags]>((terminal, fingerprint, options) => {
      const filter = { fingerprint, state: 'dead' } as const
      return withStore(
        terminal,
        options,
        (posthaste) => actInBulk(terminal, posthaste, action, { ...ownOptions(options), filter }),
        { missing: 'empty' },
      )
    }),
  )
}
