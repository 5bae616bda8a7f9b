import type { Command } from 'commander'
import { PosthasteError } from '../../core/errors.ts'
import { LIMIT_CONCURRENCY_MAX, WEIGHT_MAX } from '../../core/limits.ts'
import type { Limit } from '../../runtime/limit-view.ts'
import { wholeNumber } from '../arguments.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT } from '../exit.ts'
import { rateOf, type TargetFlags, targetOf, targetOptions, targetText } from '../limit-target.ts'
import { withStore } from '../open.ts'
import type { Terminal } from '../output/terminal.ts'
import { BY } from '../who.ts'

const VERSION_MAX = 999_999_999

type TargetOptions = CommonOptions & TargetFlags & { readonly ifVersion?: number }
type SetOptions = TargetOptions & {
  readonly concurrency?: number
  readonly rate?: ReturnType<typeof rateOf>
  readonly weight?: number
}

/** `posthaste limit …`: how many jobs run at the same time, and how many in which time. */
export const addLimit = (program: Command, act: Act): void => {
  const group = define(program, 'limit', {
    summary: 'bound what runs at the same time or begins in a stretch of time: list, set, remove, reset',
    examples: [
      'limit set --queue mail --concurrency 20 --rate 100/1m',
      'limit set --queue mail --groups --concurrency 2',
      'limit set --queue mail --group acme --concurrency 5 --weight 3',
      'limit list',
      'limit remove --task report',
    ],
  })
  common(define(group, 'list', { summary: 'list what is bounded or stopped, and what is under it' })).action(
    act<[CommonOptions]>(async (terminal, options) => {
      const limits = await withStore(terminal, options, (posthaste) => posthaste.limits.list(), {
        missing: 'empty',
      })
      if (terminal.json) terminal.printJson({ limits })
      else (await import('../output/limit.ts')).printLimits(terminal, limits, Date.now())
      return EXIT.ok
    }),
  )
  addSet(group, act)
  addRemove(group, act)
  addReset(group, act)
}

const show = async (terminal: Terminal, limit: Limit): Promise<void> => {
  if (terminal.json) terminal.printJson(limit)
  else (await import('../output/limit.ts')).printLimits(terminal, [limit], Date.now())
}

const versionOption = (command: Command): Command =>
  command.option(
    '--if-version <n>',
    'only when the limit has this version (0: when there is none)',
    wholeNumber('--if-version', 0, VERSION_MAX),
  )

const addSet = (group: Command, act: Act): void => {
  const command = define(group, 'set', { summary: 'set a limit, in the place of the one that is there' })
  targetOptions(command)
    .option(
      '--concurrency <n>',
      'jobs at the same time, in all processes together',
      wholeNumber('--concurrency', 0, LIMIT_CONCURRENCY_MAX),
    )
    .option('--rate <max/time>', 'jobs that begin in any stretch of time, such as 100/1m', rateOf)
    .option(
      '--weight <n>',
      'for groups: turns that it has while a group of weight 1 has one',
      wholeNumber('--weight', 1, WEIGHT_MAX),
    )
  common(versionOption(command)).action(
    act<[SetOptions]>(async (terminal, options) => {
      const { concurrency, rate, weight, ifVersion: version } = options
      const target = targetOf(options)
      const set = await withStore(terminal, options, ({ limits }) =>
        limits.set(target, { concurrency, rate, weight }, { by: BY, version }),
      )
      await show(terminal, set)
      return EXIT.ok
    }),
  )
}

const addRemove = (group: Command, act: Act): void => {
  const command = targetOptions(define(group, 'remove', { summary: 'take a limit away; a pause stays' }))
  common(versionOption(command)).action(
    act<[TargetOptions]>(async (terminal, options) => {
      const target = targetOf(options)
      const { ifVersion: version } = options
      const removed = await withStore(terminal, options, ({ limits }) =>
        limits.remove(target, { by: BY, version }),
      )
      if (!removed) throw new PosthasteError('E_LIMIT_MISSING', `Nothing bounds ${targetText(options)}.`)
      if (terminal.json) terminal.printJson({ removed: target })
      else terminal.print(`Removed: the limit of ${targetText(options)}.`)
      return EXIT.ok
    }),
  )
}

const addReset = (group: Command, act: Act): void => {
  const command = define(group, 'reset', { summary: 'take again what the program that declared it says' })
  common(targetOptions(command)).action(
    act<[TargetOptions]>(async (terminal, options) => {
      const target = targetOf(options)
      await show(
        terminal,
        await withStore(terminal, options, ({ limits }) => limits.reset(target, { by: BY })),
      )
      return EXIT.ok
    }),
  )
}
