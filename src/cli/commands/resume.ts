import type { Command } from 'commander'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'
import { BY } from '../who.ts'

export const addResume = (program: Command, act: Act): void => {
  const command = define(program, 'resume <queues...>', {
    summary: 'let the jobs of a paused queue begin again',
    examples: ['resume mail'],
  })
  common(command).action(
    act<[readonly string[], CommonOptions]>(async (terminal, queues, options) => {
      await withStore(terminal, options, (posthaste) => posthaste.resume(queues, { by: BY }))
      if (terminal.json) terminal.printJson({ resumed: queues })
      else terminal.print(`Resumed: ${queues.join(', ')}.`)
      return EXIT.ok
    }),
  )
}
