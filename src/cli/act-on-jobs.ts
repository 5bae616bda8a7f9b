import type { Command } from 'commander'
import type { BulkAction } from '../core/bulk.ts'
import type { Job } from '../core/view.ts'
import type { Controlled } from '../runtime/carry-out.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import { jobIdOf } from './arguments.ts'
import { actInBulk, addBulkOptions, addFilterOptions, type BulkFlags } from './bulk.ts'
import { type Act, type CommonOptions, common, define, ownOptions } from './command.ts'
import { EXIT, reportError, usageError } from './exit.ts'
import { withStore } from './open.ts'
import { paintState, stateText } from './output/colors.ts'
import type { Terminal } from './output/terminal.ts'
import { BY } from './who.ts'

export interface ActionOptions extends CommonOptions, BulkFlags {
  readonly jobId?: string
}

/**
 * A command that does one thing to one or several jobs, or to all that fit a filter. Each job is answered for by itself:
 * one that refuses does not stop the others, and makes the exit code 1.
 */
export const addAction = (
  program: Command,
  act: Act,
  about: {
    readonly name: string
    readonly action: BulkAction
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
  addBulkOptions(addFilterOptions(command), about.action === 'retry' || about.action === 'runNow')
  return common(command).action(
    act<[readonly string[], ActionOptions]>(async (terminal, positions, options) => {
      const { filter, all, dryRun, yes, canary, jobId } = options
      if (filter !== undefined || all === true) {
        if (positions.length > 0 || jobId !== undefined)
          throw usageError('Give either ids, or --filter and --all.')
        return withStore(
          terminal,
          options,
          (posthaste) => actInBulk(terminal, posthaste, about.action, ownOptions(options)),
          { missing: 'empty' },
        )
      }
      if (dryRun === true || yes === true || canary !== undefined)
        throw usageError('--dry-run, --yes and --canary go with --filter or --all.')
      const ids = positions.length > 1 ? positions : [jobIdOf(positions[0], jobId)]
      const outcomes = await withStore(
        terminal,
        options,
        (posthaste) => about.work(posthaste, ids, { ...options, by: BY }),
        { missing: 'empty' },
      )
      return tellOutcomes(terminal, outcomes, about.said)
    }),
  )
}

/** One line for each job. Answers the exit code. */
export const tellOutcomes = (
  terminal: Terminal,
  outcomes: readonly Controlled[],
  said: (job: Job) => string,
): number => {
  for (const outcome of outcomes) {
    if (!outcome.ok) {
      reportError(terminal, outcome.error)
    } else if (terminal.json) {
      terminal.printJson(outcome.job)
    } else {
      const { job } = outcome
      const state = paintState(terminal.colors, job.state, stateText(job.state))
      terminal.print(`${state}  ${job.id}  ${said(job)}`)
    }
  }
  return outcomes.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed
}
