import type { Command } from 'commander'
import { jobIdOf } from '../arguments.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT, usageError } from '../exit.ts'
import { withStore } from '../open.ts'
import type { Terminal } from '../output/terminal.ts'

interface ExplainOptions extends CommonOptions {
  readonly jobId?: string
  readonly queue?: string
}

export const addExplain = (program: Command, act: Act): void => {
  const command = define(program, 'explain [id]', {
    summary: 'say why a job is not running, and what happens next; or how it is with a queue',
    examples: ['explain 01890a5d-ac96-774b-bcce-b302099a8057', 'explain --queue mail'],
  })
    .option('--job-id <id>', 'the job; the same as giving its id by position')
    .option(
      '--queue <name>',
      'a queue instead: what waits, how fast it goes, when it is empty, what holds it',
    )
  common(command).action(
    act<[string | undefined, ExplainOptions]>(async (terminal, position, options) => {
      if (options.queue !== undefined) {
        if (position !== undefined || options.jobId !== undefined)
          throw usageError('A job or a queue? Give the id of a job, or --queue NAME.')
        await explainQueue(terminal, options, options.queue)
        return EXIT.ok
      }
      const id = jobIdOf(position, options.jobId)
      const explanation = await withStore(terminal, options, (posthaste) => posthaste.explain(id), {
        missing: 'empty',
      })
      if (terminal.json) {
        terminal.printJson(explanation)
      } else {
        const { printExplanation } = await import('../output/explanation.ts')
        printExplanation(terminal, explanation)
      }
      return EXIT.ok
    }),
  )
}

const explainQueue = async (terminal: Terminal, options: CommonOptions, queue: string): Promise<void> => {
  const explanation = await withStore(terminal, options, (posthaste) => posthaste.explainQueue(queue), {
    missing: 'empty',
  })
  if (terminal.json) terminal.printJson(explanation)
  else (await import('../output/explanation.ts')).printQueueExplanation(terminal, explanation)
}
