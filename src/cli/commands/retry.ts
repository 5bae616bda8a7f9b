import type { Command } from 'commander'
import { addAction } from '../act-on-jobs.ts'
import type { Act } from '../command.ts'

export const addRetry = (program: Command, act: Act): void => {
  addAction(program, act, {
    name: 'retry',
    action: 'retry',
    summary: 'run dead or cancelled jobs again, with a new retry budget',
    examples: [
      'retry 01890a5d-ac96-774b-bcce-b302099a8057',
      'retry --filter state=dead --filter queue=mail --dry-run',
      'retry --filter task=email --canary',
    ],
    said: () => 'runs again as soon as a worker is free',
    work: (posthaste, ids, { by }) => posthaste.retry(ids, { by }),
  })
}
