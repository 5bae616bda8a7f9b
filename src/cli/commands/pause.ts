import type { Command } from 'commander'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT, usageError } from '../exit.ts'
import {
  hasTarget,
  type TargetFlags,
  targetArguments,
  targetOf,
  targetOptions,
  targetText,
} from '../limit-target.ts'
import { withStore } from '../open.ts'
import { BY } from '../who.ts'

export const addPause = (program: Command, act: Act): void => {
  const command = define(program, 'pause [queues...]', {
    summary: 'let no job of a queue, a task, a group or a limit key begin; what runs goes on',
    examples: ['pause mail', 'pause --task report', 'pause --queue mail --group acme'],
  })
  common(targetOptions(command)).action(
    act<[readonly string[], CommonOptions & TargetFlags]>(async (terminal, queues, options) => {
      const isMore = hasTarget(options)
      if (queues.length === 0 && !isMore)
        throw usageError('Pause what? Give the names of queues, or --queue with --group, --task or --key.')
      const targets = [...queues, ...(isMore ? [targetOf(options)] : [])]
      await withStore(terminal, options, (posthaste) => posthaste.pause(targets, { by: BY }))
      const named = [...queues, ...(isMore ? [targetText(options)] : [])]
      if (terminal.json) terminal.printJson({ paused: targets })
      else {
        const again = [...queues, ...(isMore ? [targetArguments(options)] : [])].join(' ')
        terminal.print(`Paused: ${named.join(', ')}. Go on with: ${terminal.program} resume ${again}`)
      }
      return EXIT.ok
    }),
  )
}
