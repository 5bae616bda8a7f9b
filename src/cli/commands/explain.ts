import type { Command } from 'commander'
import { jobIdOf } from '../arguments.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'

interface ExplainOptions extends CommonOptions {
  readonly jobId?: string
}

export const addExplain = (program: Command, act: Act): void => {
  const command = define(program, 'explain [id]', {
    summary: 'say why a job is not running, and what happens next',
    examples: ['explain 01890a5d-ac96-774b-bcce-b302099a8057'],
  }).option('--job-id <id>', 'the job; the same as giving its id by position')
  common(command).action(
    act<[string | undefined, ExplainOptions]>(async (terminal, position, options) => {
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
