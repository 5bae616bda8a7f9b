import { priorityName } from '../../core/priority.ts'
import type { Job } from '../../core/view.ts'
import type { Page } from '../../runtime/query.ts'
import { paintState, stateText } from './colors.ts'
import { type Column, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { plain, taskText } from './text.ts'
import { relativeTime } from './time.ts'

/** A page of jobs as a table, or what to do when there is none. */
export const printPage = (
  terminal: Terminal,
  page: Page,
  options: { readonly now: number; readonly isFiltered: boolean },
): void => {
  const { dim } = terminal.errColors
  if (page.jobs.length === 0) {
    terminal.note(
      options.isFiltered
        ? `No job fits. Fewer filters show more: ${terminal.program} list`
        : `There are no jobs. Add one: ${terminal.program} submit --payload hello`,
    )
    return
  }
  const lines = renderTable(page.jobs, columns(terminal, options.now), {
    width: terminal.width,
    head: terminal.colors.dim,
  })
  for (const line of lines) terminal.print(line)
  if (page.bounded)
    terminal.note(dim('\nOnly the newest jobs were looked at; name a queue, task or state to look further.'))
  if (page.cursor !== null) terminal.note(dim(`\nMore: add --cursor ${page.cursor}`))
}

const columns = (terminal: Terminal, now: number): Column<Job>[] => {
  const { dim, red } = terminal.colors
  return [
    { title: 'ID', cell: (job) => job.id },
    {
      title: 'STATE',
      cell: (job) => stateText(job.state),
      paint: (text, job) => paintState(terminal.colors, job.state, text),
    },
    { title: 'TASK', cell: taskText, shrinkTo: 12 },
    { title: 'QUEUE', cell: (job) => job.queue, shrinkTo: 8, drop: 2 },
    { title: 'PRIORITY', cell: (job) => priorityName(job.priority), drop: 4 },
    { title: 'TRIES', cell: (job) => `${job.attempt}/${job.maxRetries + 1}`, align: 'right', drop: 3 },
    { title: 'WHEN', cell: (job) => when(job, now), paint: dim },
    {
      title: 'ERROR',
      cell: (job) => plain(job.lastError?.message ?? ''),
      paint: red,
      shrinkTo: 12,
      drop: 5,
    },
  ]
}

/** The one time that matters in this state. */
const when = (job: Job, now: number): string => {
  if (job.finishedAt !== null) return relativeTime(job.finishedAt.getTime(), now)
  if (job.state === 'scheduled' || job.state === 'retrying') return relativeTime(job.runAt.getTime(), now)
  if (job.state === 'running' && job.startedAt !== null) return relativeTime(job.startedAt.getTime(), now)
  return relativeTime(job.createdAt.getTime(), now)
}
