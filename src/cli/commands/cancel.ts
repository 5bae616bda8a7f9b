import type { Command } from 'commander'
import { addAction } from '../act-on-jobs.ts'
import type { Act } from '../command.ts'

export const addCancel = (program: Command, act: Act): void => {
  addAction(program, act, {
    name: 'cancel',
    action: 'cancel',
    summary: 'stop jobs that wait or run',
    examples: [
      'cancel 01890a5d-ac96-774b-bcce-b302099a8057 --reason "sent by hand"',
      'cancel --filter queue=mail --filter older-than=2d --dry-run',
    ],
    said: ({ state }) => (state === 'running' ? 'its worker is asked to stop' : 'will not run'),
    work: (posthaste, ids, { by, reason }) =>
      posthaste.cancel(ids, { by, ...(reason === undefined ? {} : { reason }) }),
  }).option('--reason <text>', 'kept in the history of the job')
}
