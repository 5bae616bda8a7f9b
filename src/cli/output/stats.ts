import { JOB_STATES, type JobState } from '../../core/states.ts'
import type { QueueStats, Stats, TaskStats } from '../../runtime/stats.ts'
import type { WorkerInfo } from '../../runtime/workers.ts'
import { paintState, stateText } from './colors.ts'
import { type Column, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { count, grouped, padEnd, padStart, plain, widthOf } from './text.ts'
import { inSeconds, relativeTime } from './time.ts'

const BAR_WIDTH = 24

export const printStats = (terminal: Terminal, stats: Stats): void => {
  const { bold, dim, yellow } = terminal.colors
  const style = { width: terminal.width, head: dim }
  const now = stats.at.getTime()

  terminal.print(`${bold(count(stats.total, 'job'))}  ${dim(stats.engine.location)}`)
  terminal.print()
  printStates(terminal, stats)
  if (stats.archive?.ok === false) {
    terminal.print()
    terminal.print(
      yellow(
        `The archive does not answer; what is kept there is not counted. ${plain(stats.archive.error ?? '')}`,
      ),
    )
  }
  if (stats.oldestReadyAgeMs !== null) {
    terminal.print()
    terminal.print(`The oldest ready job has waited for ${inSeconds(stats.oldestReadyAgeMs)}.`)
  }

  if (stats.queues.length > 0) {
    terminal.print()
    for (const line of renderTable(stats.queues, queueColumns(terminal), style)) terminal.print(line)
  }
  // Without any worker nothing is known, and the hint is another one.
  const orphans = stats.tasks.filter(
    ({ known, states }) => stats.workers.length > 0 && !known && states.ready + states.retrying > 0,
  )
  if (stats.tasks.length > 1 || orphans.length > 0 || stats.tasks.some(({ paused }) => paused)) {
    terminal.print()
    for (const line of renderTable(stats.tasks, taskColumns(terminal), style)) terminal.print(line)
  }
  if (stats.workers.length > 0) {
    terminal.print()
    for (const line of renderTable(stats.workers, workerColumns(now), style)) terminal.print(line)
  }

  const hint = hintOf(stats, orphans, terminal.program)
  if (hint !== null) terminal.note(`\n${yellow(hint)}`)
}

/** Every state with its number, and a bar that shows its share: an unusual state is seen before any number is read. */
const printStates = (terminal: Terminal, stats: Stats): void => {
  const { dim } = terminal.colors
  const most = Math.max(1, ...Object.values(stats.states))
  const labelWidth = Math.max(...JOB_STATES.map((state) => widthOf(stateText(state))))
  const numberWidth = grouped(most).length
  for (const state of JOB_STATES) {
    const number = stats.states[state]
    const label = padEnd(stateText(state), labelWidth)
    const amount = padStart(grouped(number), numberWidth)
    if (number === 0) {
      terminal.print(dim(`  ${label}  ${amount}`))
    } else {
      const bar = '━'.repeat(Math.max(1, Math.round((number / most) * BAR_WIDTH)))
      terminal.print(
        `  ${paintState(terminal.colors, state, label)}  ${amount}  ${paintState(terminal.colors, state, bar)}`,
      )
    }
  }
}

const STATE_COLUMNS: readonly { readonly state: JobState; readonly drop?: number }[] = [
  { state: 'ready' },
  { state: 'running' },
  { state: 'scheduled', drop: 4 },
  { state: 'retrying', drop: 2 },
  { state: 'blocked', drop: 6 },
  { state: 'completed', drop: 3 },
  { state: 'cancelled', drop: 5 },
  { state: 'dead', drop: 1 },
]

const stateColumns = <Row extends Pick<QueueStats, 'states'>>(terminal: Terminal): Column<Row>[] =>
  STATE_COLUMNS.map(({ state, drop }) => ({
    title: state.toUpperCase(),
    cell: (row) => (row.states[state] === 0 ? '·' : grouped(row.states[state])),
    align: 'right',
    paint: (text, row) =>
      row.states[state] === 0 ? terminal.colors.dim(text) : paintState(terminal.colors, state, text),
    ...(drop === undefined ? {} : { drop }),
  }))

const queueColumns = (terminal: Terminal): Column<QueueStats>[] => [
  {
    title: 'QUEUE',
    cell: ({ queue, paused }) => (paused ? `${queue} (paused)` : queue),
    paint: (text, { paused }) => (paused ? terminal.colors.yellow(text) : text),
    shrinkTo: 12,
  },
  ...stateColumns<QueueStats>(terminal),
]

const taskColumns = (terminal: Terminal): Column<TaskStats>[] => [
  { title: 'TASK', cell: ({ task }) => task, shrinkTo: 12 },
  ...stateColumns<TaskStats>(terminal),
  {
    title: 'PAUSED',
    cell: ({ paused, pausedBy }) => (paused ? plain(pausedBy ?? 'paused') : ''),
    paint: terminal.colors.yellow,
    drop: 1,
    shrinkTo: 8,
  },
]

const workerColumns = (now: number): Column<WorkerInfo>[] => [
  { title: 'WORKER', cell: ({ id }) => plain(id), shrinkTo: 12 },
  { title: 'HOST', cell: ({ host, pid }) => plain(`${host ?? '?'}:${pid ?? '?'}`), shrinkTo: 8, drop: 2 },
  {
    title: 'RUNNING',
    cell: ({ running, concurrency }) => `${running ?? '?'}/${concurrency ?? '?'}`,
    align: 'right',
  },
  { title: 'QUEUES', cell: ({ queues }) => plain(queues?.join(', ') ?? 'all'), shrinkTo: 8, drop: 3 },
  { title: 'UP SINCE', cell: ({ firstSeenAt }) => relativeTime(firstSeenAt.getTime(), now), drop: 4 },
  { title: 'SEEN', cell: ({ lastSeenAt }) => relativeTime(lastSeenAt.getTime(), now), drop: 1 },
]

/** The one thing that most deserves to be done next. */
const hintOf = (stats: Stats, orphans: readonly TaskStats[], program: string): string | null => {
  if (stats.total === 0) return `Add a first job: ${program} submit --payload hello`
  const waiting = stats.states.ready + stats.states.retrying + stats.states.scheduled
  if (waiting > 0 && stats.workers.length === 0) return `No worker is running. Start one: ${program} worker`
  if (orphans.length > 0) {
    return `No worker knows ${orphans.map(({ task }) => task).join(', ')}. Start one that does: ${program} worker --tasks FILE`
  }
  if (stats.states.dead > 0) return `See why jobs are dead: ${program} list --state dead`
  return null
}
