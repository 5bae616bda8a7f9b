import type { Command } from 'commander'
import type { LimitTarget } from '../runtime/limit-options.ts'
import { usageError } from './exit.ts'

/** What a limit or a pause is about, as options of a command. */
export interface TargetFlags {
  readonly queue?: string
  readonly group?: string
  readonly groups?: true
  readonly task?: string
  readonly key?: string
}

export const targetOptions = (command: Command): Command =>
  command
    .option('--queue <name>', 'the jobs of a queue')
    .option('--group <name>', 'with --queue: those of one group of it, such as a customer')
    .option('--groups', 'with --queue: those of every group of it, each by itself')
    .option('--task <name>', 'the jobs of a task')
    .option('--key <key>', 'the jobs with this limit key')

export const hasTarget = ({ queue, group, groups, task, key }: TargetFlags): boolean =>
  (queue ?? group ?? groups ?? task ?? key) !== undefined

/** What is wrong with it is told by the library; here only that nothing was said. */
export const targetOf = ({ queue, group, groups, task, key }: TargetFlags): LimitTarget => {
  if (!hasTarget({ queue, group, groups, task, key } as TargetFlags))
    throw usageError('Of what? Give --queue NAME (with --group NAME or --groups), --task NAME or --key KEY.')
  return { queue, group, groups, task, key } as unknown as LimitTarget
}

/** 'group acme of queue mail'. */
export const targetText = (target: TargetFlags): string => {
  const { queue, group, groups, task, key } = target
  if (task !== undefined) return `task ${task}`
  if (key !== undefined) return `limit key ${key}`
  if (group !== undefined) return `group ${group} of queue ${queue}`
  return groups === true ? `every group of queue ${queue}` : `queue ${queue}`
}

/** How it is said on the command line. */
export const targetArguments = (target: TargetFlags): string => {
  const { queue, group, groups, task, key } = target
  if (task !== undefined) return `--task ${task}`
  if (key !== undefined) return `--key ${key}`
  const of = group !== undefined ? ` --group ${group}` : groups === true ? ' --groups' : ''
  return `--queue ${queue}${of}`
}

/** '100/1m': so many in any stretch of this length. */
export const rateOf = (text: string): { readonly max: number; readonly per: string } => {
  const [, max, per] = /^(\d{1,6})\/(\S{1,40})$/.exec(text.trim()) ?? []
  if (max === undefined || per === undefined)
    throw usageError(`--rate is "${text}"; write how many in which time, such as 100/1m.`)
  // '100/m' is what people write.
  return { max: Number(max), per: /^\d/.test(per) ? per : `1${per}` }
}
