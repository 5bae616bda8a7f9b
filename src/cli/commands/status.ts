import type { Command } from 'commander'
import { jobIdOf } from '../arguments.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT } from '../exit.ts'
import { existing, withStore } from '../open.ts'

interface StatusOptions extends CommonOptions {
  readonly jobId?: string
  readonly reveal?: true
}

export const addStatus = (program: Command, act: Act): void => {
  const command = define(program, 'status [id]', {
    summary: 'show everything about one job',
    description: 'Shows everything about one job. The exit code is 1 when the job is dead or there is none.',
    examples: [
      'status 01890a5d-ac96-774b-bcce-b302099a8057',
      'status --job-id 01890a5d-ac96-774b-bcce-b302099a8057 --json',
    ],
  })
    .option('--job-id <id>', 'the job; the same as giving its id by position')
    .option('--reveal', 'show values under names like "password" and "token" too')
  common(command).action(
    act<[string | undefined, StatusOptions]>(async (terminal, position, options) => {
      const id = jobIdOf(position, options.jobId)
      const job = await withStore(terminal, options, (posthaste) => existing(posthaste, id), {
        missing: 'empty',
      })
      if (terminal.json) {
        terminal.printJson(job)
      } else {
        const { nextStep, printJob } = await import('../output/job.ts')
        printJob(terminal, job, Date.now(), { reveal: options.reveal === true })
        const next = nextStep(job, terminal.program)
        if (next !== null) terminal.note(`\n${terminal.errColors.dim(next)}`)
      }
      return job.state === 'dead' ? EXIT.failed : EXIT.ok
    }),
  )
}
