import type { Command } from 'commander'
import { JOB_STATES } from '../../core/states.ts'
import type { ListOptions } from '../../runtime/query.ts'
import { type Act, type CommonOptions, collectList, common, define, ownOptions } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'

type TailFlags = CommonOptions & Pick<ListOptions, 'state' | 'queue' | 'task'>

export const addTail = (program: Command, act: Act): void => {
  const command = define(program, 'tail', {
    summary: 'follow what happens to jobs, until Ctrl-C',
    description:
      'Prints a line whenever a job is added or its state or attempt changes, whoever runs it. It looks at the store as soon as something changed there: steps that follow each other faster than it looks are told as their result.',
    examples: ['tail', 'tail --state dead,retrying', 'tail --queue mail --json'],
  })
    .option('--state <states>', `only what becomes one of these: ${JOB_STATES.join(', ')}`, collectList)
    .option('--queue <queues>', 'only of these queues', collectList)
    .option('--task <tasks>', 'only of these tasks', collectList)
  common(command).action(
    act<[TailFlags]>(async (terminal, options) => {
      const { follow } = await import('../follow.ts')
      await withStore(
        terminal,
        options,
        (posthaste, config) => follow(terminal, posthaste, config, ownOptions(options)),
        { missing: 'empty' },
      )
      return EXIT.ok
    }),
  )
}
