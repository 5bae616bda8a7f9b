import type { Command } from 'commander'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT, usageError } from '../exit.ts'
import { hasTarget, type TargetFlags, targetOf, targetOptions, targetText } from '../limit-target.ts'
import { withStore } from '../open.ts'
import { BY } from '../who.ts'

export const addResume = (program: Command, act: Act): void => {
  const command = define(program, 'resume [queues...]', {
    summary: 'let the jobs of what is paused begin again',
    examples: ['resume mail', 'resume --task report'],
  })
  common(targetOptions(command)).action(
    act<[readonly string[], CommonOptions & TargetFlags]>(async (terminal, queues, options) => {
      const isMore = hasTarget(options)
      if (queues.length === 0 && !isMore)
        throw usageError('Resume what? Give the names of queues, or --queue with --group, --task or --key.')
      const targets = [...queues, ...(isMore ? [targetOf(options)] : [])]
      await withStore(terminal, options, (posthaste) => posthaste.resume(targets, { by: BY }))
      const named = [...queues, ...(isMore ? [targetText(options)] : [])]
      if (terminal.json) terminal.printJson({ resumed: targets })
      else terminal.print(`Resumed: ${named.join(', ')}.`)
      return EXIT.ok
    }),
  )
}
