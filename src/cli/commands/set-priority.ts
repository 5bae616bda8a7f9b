import type { Command } from 'commander'
import { type Priority, priorityName } from '../../core/priority.ts'
import { addAction } from '../act-on-jobs.ts'
import type { Act } from '../command.ts'

export const addSetPriority = (program: Command, act: Act): void => {
  addAction(program, act, {
    name: 'set-priority',
    action: 'setPriority',
    summary: 'give jobs that are ready or scheduled another priority',
    examples: [
      'set-priority --priority high 01890a5d-ac96-774b-bcce-b302099a8057',
      'set-priority --priority low --filter queue=reports --dry-run',
    ],
    said: ({ priority }) => `has priority ${priorityName(priority)}`,
    // That there is one is seen to by the command line.
    work: (posthaste, ids, { by, priority }) =>
      posthaste.setPriority(ids, { by, priority: priority as Priority }),
  }).requiredOption('--priority <priority>', 'critical, high, normal, low, or 0 (first) … 9 (last)')
}
