import { type Command, Option } from 'commander'
import { CONCURRENCY_MAX } from '../core/limits.ts'
import type { Isolation } from '../runtime/task.ts'
import { wholeNumber } from './arguments.ts'
import { type CommonOptions, collectList, common } from './command.ts'

/** Flags of the commands that stay: start, serve, worker. */
export interface ServiceOptions extends CommonOptions {
  readonly addr?: string
  readonly host?: readonly string[]
  readonly insecureHttp?: boolean
  readonly workers?: number
  readonly queues?: readonly string[]
  readonly tasks?: string
  readonly isolate?: Isolation
  readonly ageing?: string
  readonly grace?: string
  readonly log?: string
  readonly welcome?: true
}

export const httpOptions = (command: Command): Command =>
  command
    .option('--addr <host:port>', 'where to listen; port 0 takes any free one (default: 127.0.0.1:8080)')
    .option('--host <name>', 'a further name to answer under; may be given several times', collectList)
    .option('--insecure-http', 'allow plain HTTP on an address that other machines can reach')

export const workerOptions = (command: Command, workers: number): Command =>
  command
    .option(
      '--workers <n>',
      `jobs at the same time (default: ${workers})`,
      wholeNumber('--workers', 1, CONCURRENCY_MAX),
    )
    .option('--queues <names>', 'only these queues (default: all)', collectList)
    .addOption(
      new Option('--isolate <where>', 'where tasks of --tasks run that say nothing themselves').choices([
        'none',
        'thread',
        'process',
      ] satisfies Isolation[]),
    )
    .option('--ageing <time>', 'a job that waits so long rises by one priority (default: never)')
    .option('--grace <time>', 'what running jobs get to end when it stops (default: 25s)')

export const serviceOptions = (command: Command): Command =>
  common(
    command
      .option('--tasks <file>', 'a module whose default export is a task, a pack, or an array of them')
      .option('--log <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)'),
  )
