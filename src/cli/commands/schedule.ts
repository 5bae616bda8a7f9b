import type { Command } from 'commander'
import { PosthasteError } from '../../core/errors.ts'
import { MAX_RETRIES_LIMIT } from '../../core/limits.ts'
import { CATCH_UPS, OVERLAPS } from '../../core/schedule.ts'
import type { Posthaste } from '../../runtime/posthaste.ts'
import type { ScheduleOptions } from '../../runtime/schedule-options.ts'
import type { Schedule } from '../../runtime/schedule-view.ts'
import { wholeNumber } from '../arguments.ts'
import { type Act, type CommonOptions, common, define, ownOptions } from '../command.ts'
import { EXIT, usageError } from '../exit.ts'
import { withStore } from '../open.ts'
import type { Terminal } from '../output/terminal.ts'
import { payloadOf } from '../payload.ts'
import { tasksFor } from '../tasks.ts'
import { BY } from '../who.ts'

type Flags = Pick<
  ScheduleOptions,
  | ('cron' | 'timeZone' | 'every' | 'jitter' | 'startAt' | 'endAt' | 'overlap' | 'catchUp')
  | ('queue' | 'priority' | 'maxRetries' | 'timeout' | 'deadline' | 'group')
>
interface AddFlags extends CommonOptions, Flags {
  readonly task?: string
  readonly payload?: string
  readonly replace?: true
}

/** `posthaste schedule …`: what adds jobs by itself, and when. */
export const addSchedule = (program: Command, act: Act): void => {
  const group = define(program, 'schedule', {
    summary: 'add jobs by the clock: list, add, show, pause, resume, run, remove, reset',
    examples: [
      'schedule list',
      'schedule add nightly --cron "0 3 * * *" --time-zone Europe/Berlin --task echo --payload hello',
      'schedule add pulse --every 5m --task echo --overlap skip',
      'schedule show nightly',
      'schedule run nightly',
    ],
  })
  addListed(group, act)
  addAdded(group, act)
  for (const one of ACTS) addAct(group, act, one)
}

const addListed = (group: Command, act: Act): void => {
  common(define(group, 'list', { summary: 'list schedules by name' })).action(
    act<[CommonOptions]>(async (terminal, options) => {
      const all = await withStore(terminal, options, (posthaste) => posthaste.schedules.list(), {
        missing: 'empty',
      })
      if (terminal.json) terminal.printJson({ schedules: all })
      else (await import('../output/schedule.ts')).printSchedules(terminal, all, Date.now())
      return EXIT.ok
    }),
  )
}

const addAdded = (group: Command, act: Act): void => {
  const command = define(group, 'add <name>', { summary: 'create a schedule' })
    .option('--cron <expression>', 'minute hour day month weekday, such as "0 3 * * *", or @daily')
    .option('--time-zone <zone>', 'the clock that it goes by, such as Europe/Berlin (default: UTC)')
    .option('--every <time>', 'instead of --cron: every 30s, 5m, 2h of elapsed time')
    .option('--task <name>', 'the task to run (default: echo)')
    .option('--payload <json-or-text>', 'what the task is given')
    .option('--overlap <policy>', `while its last job is not over: ${OVERLAPS.join(', ')} (default: skip)`)
    .option('--catch-up <policy>', `ticks of an outage: ${CATCH_UPS.join(', ')} (default: last)`)
    .option('--jitter <time>', 'spread its jobs over so long after each tick')
    .option('--start-at <time>', 'no tick before: 2030-01-31T09:00:00Z')
    .option('--end-at <time>', 'no tick after')
    .option('--queue <name>', "where its jobs wait (default: the task's)")
    .option('--priority <priority>', 'critical, high, normal, low, or 0 (first) … 9 (last)')
    .option('--max-retries <n>', 'retries of each job', wholeNumber('--max-retries', 0, MAX_RETRIES_LIMIT))
    .option('--timeout <time>', 'longest run of one attempt')
    .option('--deadline <time>', 'longest time to the end of each job, over all attempts')
    .option('--group <name>', 'a sub-line of the queue, such as a customer')
    .option('--replace', 'take the place of the schedule of this name')
  common(command).action(
    act<[string, AddFlags]>(async (terminal, name, options) => {
      const { task = 'echo', payload, replace, ...flags } = ownOptions(options)
      if (flags.cron === undefined && flags.every === undefined)
        throw usageError('When? Give --cron "0 3 * * *" or --every 5m.')
      const value = payload === undefined ? null : payloadOf(Buffer.from(payload), false)
      const verb = replace === true ? 'put' : 'create'
      const added = await withStore(
        terminal,
        options,
        (posthaste) => posthaste.schedules[verb](name, { ...flags, task, payload: value }, { by: BY }),
        { tasks: (config) => tasksFor(task, config) },
      )
      await show(terminal, added)
      return EXIT.ok
    }),
  )
}

interface ScheduleAct {
  readonly name: string
  readonly summary: string
  readonly work: (posthaste: Posthaste, name: string, terminal: Terminal) => Promise<void>
}

const missing = (name: string): PosthasteError =>
  new PosthasteError('E_SCHEDULE_MISSING', `There is no schedule ${name}.`, { field: 'name' })

const ACTS: readonly ScheduleAct[] = [
  {
    name: 'show',
    summary: 'show a schedule, its next runs and its last job',
    async work({ schedules }, name, terminal) {
      const schedule = await schedules.get(name)
      if (schedule === null) throw missing(name)
      await show(terminal, schedule)
    },
  },
  {
    name: 'pause',
    summary: 'no ticks from now on; those of the pause are not made good',
    async work({ schedules }, name, terminal) {
      const schedule = await schedules.pause(name, { by: BY })
      if (terminal.json) terminal.printJson(schedule)
      else terminal.print(`Paused: ${name}. Go on with: ${terminal.program} schedule resume ${name}`)
    },
  },
  {
    name: 'resume',
    summary: 'tick again',
    async work({ schedules }, name, terminal) {
      await show(terminal, await schedules.resume(name, { by: BY }))
    },
  },
  {
    name: 'run',
    summary: 'add a job now; the ticks stay',
    async work({ schedules }, name, terminal) {
      const job = await schedules.run(name, { by: BY })
      if (terminal.json) terminal.printJson(job)
      else terminal.print(`Added: ${job.id}. Follow it with: ${terminal.program} status ${job.id}`)
    },
  },
  {
    name: 'remove',
    summary: 'remove a schedule; jobs that it added stay',
    async work({ schedules }, name, terminal) {
      if (!(await schedules.remove(name, { by: BY }))) throw missing(name)
      if (terminal.json) terminal.printJson({ removed: name })
      else terminal.print(`Removed: ${name}.`)
    },
  },
  {
    name: 'reset',
    summary: 'take again what the program that declared it says',
    async work({ schedules }, name, terminal) {
      await show(terminal, await schedules.reset(name, { by: BY }))
    },
  },
]

const addAct = (group: Command, act: Act, { name: verb, summary, work }: ScheduleAct): void => {
  common(define(group, `${verb} <name>`, { summary })).action(
    act<[string, CommonOptions]>(async (terminal, name, options) => {
      await withStore(terminal, options, (posthaste) => work(posthaste, name, terminal), { missing: 'empty' })
      return EXIT.ok
    }),
  )
}

const show = async (terminal: Terminal, schedule: Schedule): Promise<void> => {
  if (terminal.json) terminal.printJson(schedule)
  else (await import('../output/schedule.ts')).printSchedule(terminal, schedule, Date.now())
}
