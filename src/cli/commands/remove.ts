import type { Command } from 'commander'
import { addAction } from '../act-on-jobs.ts'
import type { Act } from '../command.ts'

export const addRemove = (program: Command, act: Act): void => {
  addAction(program, act, {
    name: 'remove',
    action: 'remove',
    summary: 'delete jobs that are not running, with their history',
    examples: [
      'remove 01890a5d-ac96-774b-bcce-b302099a8057',
      'remove --filter state=completed --filter older-than=1d --yes',
    ],
    said: () => 'is removed',
    work: (posthaste, ids, { by }) => posthaste.remove(ids, { by }),
  })
}
