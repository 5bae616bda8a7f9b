import type { Command } from 'commander'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'
import { BY } from '../who.ts'

export const addPause = (program: Command, act: Act): void => {
  const command = define(program, 'pause <queues...>', {
    summary: 'let no job of a queue begin; what runs goes on',
    examples: ['pause mail'],
  })
  common(command).action(
    act<[readonly string[], CommonOptions]>(async (terminal, queues, options) => {
      await withStore(terminal, options, (posthaste) => posthaste.pause(queues, { by: BY }))
      if (terminal.json) terminal.printJson({ paused: queues })
      else
        terminal.print(
          `Paused: ${queues.join(', ')}. Go on with: ${terminal.program} resume ${queues.join(' ')}`,
        )
      return EXIT.ok
    }),
  )
}
