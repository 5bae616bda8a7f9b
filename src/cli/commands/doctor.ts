import type { Command } from 'commander'
import { type Act, type CommonOptions, common, define } from '../command.ts'

export const addDoctor = (program: Command, act: Act): void => {
  const command = define(program, 'doctor', {
    summary: 'check that everything Posthaste needs is in order',
    examples: ['doctor', 'doctor --database /path/to/jobs.db'],
  })
  common(command).action(
    act<[CommonOptions]>(async (terminal, options) => {
      const { examine } = await import('../doctor.ts')
      return examine(terminal, options)
    }),
  )
}
