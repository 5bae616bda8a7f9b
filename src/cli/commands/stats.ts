import type { Command } from 'commander'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'

export const addStats = (program: Command, act: Act): void => {
  const command = define(program, 'stats', {
    summary: 'show how many jobs are in which state',
    examples: ['stats', 'stats --json'],
  })
  common(command).action(
    act<[CommonOptions]>(async (terminal, options) => {
      const stats = await withStore(terminal, options, (posthaste) => posthaste.stats(), { missing: 'empty' })
      if (terminal.json) {
        terminal.printJson(stats)
      } else {
        const { printStats } = await import('../output/stats.ts')
        printStats(terminal, stats)
      }
      return EXIT.ok
    }),
  )
}
