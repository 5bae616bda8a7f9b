import type { Command } from 'commander'
import { type Act, define } from '../command.ts'
import { httpOptions, type ServiceOptions, serviceOptions } from '../service-options.ts'

export const addServe = (program: Command, act: Act): void => {
  const command = define(program, 'serve', {
    summary: 'run the API and the mailbox without workers',
    examples: ['serve', 'serve --addr 127.0.0.1:9000'],
  })
  httpOptions(command)
  serviceOptions(command).action(
    act<[ServiceOptions]>(async (terminal, options) => {
      const { runService } = await import('../service.ts')
      return runService(terminal, options, { http: true, workers: 0 })
    }),
  )
}
