import type { Command } from 'commander'
import type { Job } from '../core/view.ts'
import type { Controlled } from '../runtime/carry-out.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import { jobIdOf } from './arguments.ts'
import { type Act, type CommonOptions, common, define } from './command.ts'
import { EXIT, reportError } from './exit.ts'
import { withStore } from './open.ts'
import { paintState, stateText } from './output/colors.ts'

/** Who acts, for the history of a job. */
export const BY = 'command line'

export interface ActionOptions extends CommonOptions {
  readonly jobId?: string
  readonly reason?: string
}

/**
 * A command that does one thing to one or several jobs. Each job is answered for by itself: one that refuses does not
 * stop the others, and makes the exit code 1.
 */
export const addAction = (
  program: Command,
  act: Act,
  about: {
    readonly name: string
    readonly summary: string
    readonly examples: readonly string[]
    /** What is said of a job afterwards. */
    readonly said: (job: Job) => string
    readonly work: (
      posthaste: Posthaste,
      ids: readonly string[],
      options: ActionOptions & { readonly by: string },
    ) => Promise<Controlled[]>
  },
): Command => {
  const command = define(program, `${about.name} [ids...]`, {
    summary: about.summary,
    examples: about.examples,
  }).option('--job-id <id>', 'the job; the same as giving its id by position')
  return common(command).action(
    act<[readonly string[], ActionOptions]>(async (terminal, positions, options) => {
      const ids = positions.length > 1 ? positions : [jobIdOf(positions[0], options.jobId)]
      const outcomes = await withStore(
        terminal,
        options,
        (posthaste) => about.work(posthaste, ids, { ...options, by: BY }),
        { missing: 'empty' },
      )
      for (const outcome of outcomes) {
        if (!outcome.ok) {
          reportError(terminal, outcome.error)
        } else if (terminal.json) {
          terminal.printJson(outcome.job)
        } else {
          const { job } = outcome
          const state = paintState(terminal.colors, job.state, stateText(job.state))
          terminal.print(`${state}  ${job.id}  ${about.said(job)}`)
        }
      }
      return outcomes.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed
    }),
  )
}
