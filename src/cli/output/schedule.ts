import { formatDuration } from '../../core/durations.ts'
import { maskSecrets } from '../../core/mask.ts'
import type { Schedule } from '../../runtime/schedule-view.ts'
import { type Column, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { grouped, padEnd, plain } from './text.ts'
import { exactTime, exactTimeIn, relativeTime } from './time.ts'

const LABEL_WIDTH = 10

/** '0 3 * * * Europe/Berlin', 'every 5m'. */
const planOf = ({ cron, timeZone, every }: Schedule): string =>
  cron === null
    ? `every ${formatDuration(every ?? 0)}`
    : `${plain(cron)}${timeZone === 'UTC' ? '' : ` ${timeZone}`}`

const nextOf = ({ paused, nextRuns }: Schedule, now: number): string => {
  if (paused !== null) return 'paused'
  const [next] = nextRuns
  return next === undefined ? 'over' : relativeTime(next.getTime(), now)
}

/** All schedules as a table, or how to make the first one. */
export const printSchedules = (terminal: Terminal, schedules: readonly Schedule[], now: number): void => {
  if (schedules.length === 0) {
    const example = `${terminal.program} schedule add nightly --cron "0 3 * * *" --task echo --payload hello`
    terminal.note(`There are no schedules. Add one: ${example}`)
    return
  }
  const { dim, yellow } = terminal.colors
  const columns: Column<Schedule>[] = [
    { title: 'NAME', cell: ({ name }) => name, shrinkTo: 12 },
    { title: 'WHEN', cell: planOf, shrinkTo: 24 },
    { title: 'TASK', cell: ({ task }) => task, shrinkTo: 10 },
    {
      title: 'NEXT',
      cell: (one) => nextOf(one, now),
      paint: (text, { paused }) => (paused === null ? text : yellow(text)),
    },
    {
      title: 'LAST',
      cell: ({ lastRun }) => (lastRun === null ? '–' : relativeTime(lastRun.getTime(), now)),
      paint: dim,
      drop: 1,
    },
    { title: 'FIRED', cell: ({ fired }) => grouped(fired), align: 'right', drop: 2 },
    { title: 'SKIPPED', cell: ({ skipped }) => grouped(skipped), align: 'right', drop: 4 },
    { title: 'MISSED', cell: ({ missed }) => grouped(missed), align: 'right', drop: 3 },
  ]
  if (schedules.some(({ drift }) => drift !== null))
    columns.push({
      title: 'DRIFT',
      cell: ({ drift }) => drift?.fields.join(',') ?? '',
      paint: yellow,
      drop: 2,
      shrinkTo: 8,
    })
  for (const line of renderTable(schedules, columns, { width: terminal.width, head: dim }))
    terminal.print(line)
}

/** One schedule, for a person. */
export const printSchedule = (terminal: Terminal, schedule: Schedule, now: number): void => {
  const { bold, dim, yellow } = terminal.colors
  const line = (label: string, text: string): void =>
    terminal.print(`  ${dim(padEnd(label, LABEL_WIDTH))}${text}`)
  // Whoever wrote 3 o'clock in Berlin is to find 3 o'clock there.
  const exact = (at: Date): string =>
    schedule.cron === null ? exactTime(at) : exactTimeIn(schedule.timeZone, at)
  const moment = (at: Date): string => `${padEnd(relativeTime(at.getTime(), now), 12)} ${dim(exact(at))}`
  const { name, paused, nextRuns, lastRun, lastJob, drift } = schedule

  terminal.print(`${bold(name)}  ${planOf(schedule)}  ${schedule.task}`)
  terminal.print()
  if (paused !== null)
    line('paused', yellow(`${relativeTime(paused.at.getTime(), now)} by ${plain(paused.by)}`))
  for (const [index, at] of nextRuns.entries()) line(index === 0 ? 'next' : '', moment(at))
  if (paused === null && nextRuns.length === 0) line('next', 'none: it is over')
  line('last', lastRun === null ? '–' : moment(lastRun))
  if (lastJob !== null) line('last job', `${lastJob.id} ${dim(lastJob.state ?? 'removed')}`)
  const { fired, skipped, missed } = schedule
  line('ticks', `${grouped(fired)} fired, ${grouped(skipped)} skipped, ${grouped(missed)} missed`)
  line('overlap', schedule.overlap)
  line('catch up', schedule.catchUp)
  if (schedule.jitter > 0) line('jitter', formatDuration(schedule.jitter))
  if (schedule.startAt !== null) line('from', moment(schedule.startAt))
  if (schedule.endAt !== null) line('until', moment(schedule.endAt))
  for (const [option, value] of Object.entries(schedule.options))
    line(option, plain(typeof value === 'string' ? value : JSON.stringify(value)))
  if (schedule.payload !== null) line('payload', plain(JSON.stringify(maskSecrets(schedule.payload))))
  if (drift !== null) {
    const what = `${drift.fields.join(', ')}, by ${plain(drift.by)}`
    line('drift', yellow(`the code says otherwise about ${what}`))
    line('', `take the code again: ${terminal.program} schedule reset ${name}`)
  }
}
