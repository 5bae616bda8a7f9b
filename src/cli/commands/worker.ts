import type { Command } from 'commander'
import { type Act, define } from '../command.ts'
import { type ServiceOptions, serviceOptions, workerOptions } from '../service-options.ts'

/** A process of its own for jobs is sized by hand; four at a time is a careful beginning. */
const WORKERS_DEFAULT = 4

export const addWorker = (program: Command, act: Act): void => {
  const command = define(program, 'worker', {
    summary: 'run jobs, without an API',
    examples: [
      'worker',
      'worker --workers 8 --queues mail,default',
      'worker --tasks ./tasks.js --isolate process',
    ],
  })
  workerOptions(command, WORKERS_DEFAULT)
  serviceOptions(command).action(
    act<[ServiceOptions]>(async (terminal, options) => {
      const { runService } = await import('../service.ts')
      return runService(terminal, options, { http: false, workers: WORKERS_DEFAULT })
    }),
  )
}
