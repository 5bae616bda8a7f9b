import type { Command } from 'commander'
import { addAction } from '../act-on-jobs.ts'
import type { Act } from '../command.ts'

export const addRunNow = (program: Command, act: Act): void => {
  addAction(program, act, {
    name: 'run-now',
    action: 'runNow',
    summary: 'run scheduled or retrying jobs now, ahead of their time',
    examples: [
      'run-now 01890a5d-ac96-774b-bcce-b302099a8057',
      'run-now --filter state=retrying --filter queue=mail',
    ],
    said: () => 'runs as soon as a worker is free',
    work: (posthaste, ids, { by }) => posthaste.runNow(ids, { by }),
  })
}
