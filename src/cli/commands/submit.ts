import type { Command } from 'commander'
import { MAX_RETRIES_LIMIT, TASK_VERSION_MAX } from '../../core/limits.ts'
import type { AddedJob } from '../../runtime/added.ts'
import type { AddOptions, KeyOptions } from '../../runtime/options.ts'
import type { Posthaste } from '../../runtime/posthaste.ts'
import { wholeNumber } from '../arguments.ts'
import { type Act, type CommonOptions, collectList, common, define, ownOptions } from '../command.ts'
import { EXIT, usageError } from '../exit.ts'
import { withStore } from '../open.ts'
import { paintState, stateText } from '../output/colors.ts'
import type { Terminal } from '../output/terminal.ts'
import { payloadOf, readBytes } from '../payload.ts'
import { tasksFor } from '../tasks.ts'

/** What is run when no task is named. */
const TASK_DEFAULT = 'echo'
const WAIT_DEFAULT = '1m'

/** Flags that go to the library as they are; it checks their values. */
type AddFlags = Pick<
  AddOptions,
  | 'queue'
  | 'priority'
  | 'maxRetries'
  | 'delay'
  | 'at'
  | 'timeout'
  | 'deadline'
  | 'expiresIn'
  | 'expiresAt'
  | 'ref'
  | 'group'
  | 'batch'
  | 'id'
>

interface SubmitOptions extends CommonOptions, AddFlags {
  readonly key?: string
  readonly task: string
  readonly taskVersion?: number
  readonly tag?: readonly string[]
  readonly payload?: string
  readonly payloadFile?: string
  readonly lines?: string
  readonly text?: true
  readonly wait?: string | true
  readonly keyUntil?: string
  readonly onConflict?: string
  readonly after?: readonly string[]
}

export const addSubmit = (program: Command, act: Act): void => {
  const command = define(program, 'submit', {
    summary: 'add a job, or one for each line of a file',
    description: `Adds a job. The payload is any bytes: what is JSON is taken as JSON, anything else as it is.`,
    examples: [
      'submit --payload "hello" --wait',
      'submit --payload "urgent" --priority high --max-retries 5',
      `submit --task email --payload '{"to":"ada@example.com","subject":"Hello","text":"It works."}'`,
      'submit --payload-file picture.png --delay 5m --deadline 1h',
      'submit --task email --lines mails.ndjson',
    ],
  })
    .option('--task <name>', 'the task to run', TASK_DEFAULT)
    .option('--payload <json-or-text>', 'what the task is given; - reads standard input')
    .option(
      '--task-version <n>',
      'version of the payload, when it is not the newest',
      wholeNumber('--task-version', 1, TASK_VERSION_MAX),
    )
    .option('--payload-file <file>', 'the same from a file; - reads standard input')
    .option('--lines <file>', 'one job for each line of a file; - reads standard input')
    .option('--text', 'take the payload as text, even if it looks like JSON')
    .option('--queue <name>', "where it waits (default: the task's)")
    .option('--priority <priority>', 'critical, high, normal, low, or 0 (first) … 9 (last)')
    .option(
      '--max-retries <n>',
      'retries after the first attempt',
      wholeNumber('--max-retries', 0, MAX_RETRIES_LIMIT),
    )
    .option('--delay <time>', 'run it that much later: 30s, 5m, 2h, 7d')
    .option('--at <time>', 'run it then: 2030-01-31T09:00:00Z')
    .option('--timeout <time>', 'longest run of one attempt')
    .option('--deadline <time>', 'longest time to its end, over all attempts')
    .option('--expires-in <time>', 'cancel it if it has not started by then: 30s, 5m, 2h')
    .option('--expires-at <time>', 'the same as a moment: 2030-01-31T09:00:00Z')
    .option('--key <key>', 'at most one unfinished job has this key; a second one is not added')
    .option('--key-until <when>', 'how long the key is held: finish (default), start, or a time such as 1d')
    .option(
      '--on-conflict <what>',
      'when the key is taken: keep (default), reject, replace, reschedule or runAfter',
    )
    .option('--after <id>', 'wait for this job to finish; may be given several times', collectList)
    .option('--batch <id>', 'the batch that it counts in')
    .option('--ref <ref>', 'your own reference, to find it by')
    .option('--group <name>', 'a sub-line of the queue, such as a customer')
    .option('--tag <tag>', 'a name to find it by; may be given several times', collectList)
    .option('--id <uuid>', 'a UUIDv7 of your own: submitting it again changes nothing')
    .option('--wait [time]', `wait for its end, at most that long (default: ${WAIT_DEFAULT})`)
  common(command).action(
    act<[SubmitOptions]>(async (terminal, options) => {
      const {
        task,
        taskVersion,
        payload,
        payloadFile,
        lines,
        text,
        wait,
        tag,
        key,
        keyUntil,
        onConflict,
        ...rest
      } = ownOptions(options)
      const isText = text === true
      const add: AddOptions = {
        ...rest,
        ...(tag === undefined ? {} : { tags: tag }),
        ...(taskVersion === undefined ? {} : { version: taskVersion }),
        ...keyOption({ key, keyUntil, onConflict }),
      }
      checkSources(options)
      if (lines !== undefined) {
        const { submitLines } = await import('../submit-lines.ts')
        return submitLines(terminal, options, { task, file: lines, isText, add })
      }
      const bytes =
        payload === undefined || payload === '-' ? await readBytes(payloadFile ?? '-') : Buffer.from(payload)
      const value = payloadOf(bytes, isText)
      const submit = async (posthaste: Posthaste): Promise<number> => {
        const job = await posthaste.add(task, value, add)
        if (wait !== undefined)
          return waitForEnd(terminal, posthaste, job, wait === true ? WAIT_DEFAULT : wait)
        report(terminal, job)
        return EXIT.ok
      }
      return withStore(terminal, options, submit, { tasks: (config) => tasksFor(task, config) })
    }),
  )
}

interface KeyFlags {
  readonly key: string | undefined
  readonly keyUntil: string | undefined
  readonly onConflict: string | undefined
}

/** The key as the library takes it, which checks its values. */
const keyOption = ({ key, keyUntil, onConflict }: KeyFlags): Pick<AddOptions, 'key'> => {
  if (key === undefined) {
    if ((keyUntil ?? onConflict) === undefined) return {}
    throw usageError(`--${keyUntil === undefined ? 'on-conflict' : 'key-until'} goes with --key.`)
  }
  if ((keyUntil ?? onConflict) === undefined) return { key }
  const more = {
    ...(keyUntil === undefined ? {} : { until: keyUntil }),
    ...(onConflict === undefined ? {} : { onConflict }),
  }
  return { key: { key, ...more } as KeyOptions }
}

/** One source of payloads, and nothing that only one job can have when there are many. */
const checkSources = (options: SubmitOptions): void => {
  const given = [options.payload, options.payloadFile, options.lines].filter((source) => source !== undefined)
  if (given.length === 0)
    throw usageError('What is the payload? Give --payload TEXT, --payload-file FILE or --lines FILE.')
  if (given.length > 1) throw usageError('Give one of --payload, --payload-file and --lines.')
  if (options.lines === undefined) return
  const single = (['id', 'key', 'wait'] as const).find((name) => options[name] !== undefined)
  if (single !== undefined) throw usageError(`--${single} is for one job and does not go with --lines.`)
}

const report = (terminal: Terminal, job: AddedJob): void => {
  if (terminal.json) {
    terminal.printJson(job)
    return
  }
  const state = paintState(terminal.colors, job.state, stateText(job.state))
  terminal.print(`${state}  ${job.id}  ${job.task}`)
  if (!job.inserted) {
    terminal.note(
      job.outcome === 'rescheduled'
        ? `Not added: the job with the key ${JSON.stringify(job.key)} is due ${job.runAt.toISOString()} now.`
        : `Not added: this job has the key ${JSON.stringify(job.key)} already.`,
    )
  } else {
    if (job.outcome === 'replaced') terminal.note(`It takes the place of ${job.other}.`)
    if (job.outcome === 'queued') terminal.note(`It runs after ${job.other}.`)
    terminal.note(terminal.errColors.dim(`Follow it: ${terminal.program} status ${job.id}`))
  }
}

/** Waits for the end of the job and shows what came of it. */
const waitForEnd = async (
  terminal: Terminal,
  posthaste: Posthaste,
  added: AddedJob,
  timeout: string,
): Promise<number> => {
  const { watchWait } = await import('../output/wait.ts')
  const job = await watchWait(terminal, added.id, () => posthaste.waitFor(added.id, { timeout }))
  if (terminal.json) {
    terminal.printJson(job)
  } else {
    const { printJob } = await import('../output/job.ts')
    printJob(terminal, job, Date.now(), { reveal: false })
  }
  return job.state === 'completed' ? EXIT.ok : EXIT.failed
}
