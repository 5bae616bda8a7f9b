import { type Command, Option } from 'commander'
import type { ResolveOptions } from '../../runtime/control.ts'
import { tellOutcomes } from '../act-on-jobs.ts'
import { jobIdOf } from '../arguments.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { withStore } from '../open.ts'
import { BY } from '../who.ts'

interface Options extends CommonOptions {
  readonly to: ResolveOptions['to']
  readonly reason?: string
  readonly jobId?: string
}

/** A blocked job waits for others, or for somebody: this is how somebody decides. */
export const addResolve = (program: Command, act: Act): void => {
  const command = define(program, 'resolve [ids...]', {
    summary: 'decide about blocked jobs: those that wait for others, or are held',
    examples: [
      'resolve 01890a5d-ac96-774b-bcce-b302099a8057 --to ready',
      'resolve 01890a5d-ac96-774b-bcce-b302099a8057 --to completed --reason "done by hand"',
    ],
  })
    .option('--job-id <id>', 'the job; the same as giving its id by position')
    .addOption(
      new Option('--to <state>', 'ready (it runs), completed, dead or cancelled')
        .choices(['ready', 'completed', 'dead', 'cancelled'] satisfies ResolveOptions['to'][])
        .makeOptionMandatory(),
    )
    .option('--reason <text>', 'kept in the history of the job')
  common(command).action(
    act<[readonly string[], Options]>(async (terminal, positions, options) => {
      const { to, reason, jobId } = options
      const ids = positions.length > 1 ? positions : [jobIdOf(positions[0], jobId)]
      const outcomes = await withStore(
        terminal,
        options,
        (posthaste) => posthaste.resolve(ids, { to, by: BY, ...(reason === undefined ? {} : { reason }) }),
        { missing: 'empty' },
      )
      return tellOutcomes(terminal, outcomes, () =>
        to === 'ready' ? 'runs as soon as a worker is free' : 'will not run',
      )
    }),
  )
}
