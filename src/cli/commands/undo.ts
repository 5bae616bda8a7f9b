import type { Command } from 'commander'
import { follow } from '../bulk.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { withStore } from '../open.ts'
import { BY } from '../who.ts'

export const addUndo = (program: Command, act: Act): void => {
  const command = define(program, 'undo <id>', {
    summary: 'take a cancel or remove in bulk back, within 24 hours',
    examples: ['undo 01890a5d-ac96-774b-bcce-b302099a8057'],
  })
  common(command).action(
    act<[string, CommonOptions]>((terminal, id, options) =>
      withStore(
        terminal,
        options,
        async (posthaste) => follow(terminal, await posthaste.undo(id.trim().toLowerCase(), { by: BY })),
        { missing: 'empty' },
      ),
    ),
  )
}
