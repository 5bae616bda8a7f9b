import type { Command } from 'commander'
import { CONCURRENCY } from '../../core/limits.ts'
import { type Act, define } from '../command.ts'
import { httpOptions, type ServiceOptions, serviceOptions, workerOptions } from '../service-options.ts'

export const addStart = (program: Command, act: Act): void => {
  const command = define(program, 'start', {
    summary: 'run everything in one process: API, mailbox and workers',
    examples: ['start', 'start --addr 127.0.0.1:9000 --workers 20', 'start --database /path/to/jobs.db'],
  })
  workerOptions(httpOptions(command), CONCURRENCY).option(
    '--welcome',
    'when the database is new, send a first mail to the capture mailbox',
  )
  serviceOptions(command).action(
    act<[ServiceOptions]>(async (terminal, options) => {
      const { runService } = await import('../service.ts')
      return runService(terminal, options, { http: true, workers: CONCURRENCY })
    }),
  )
}
