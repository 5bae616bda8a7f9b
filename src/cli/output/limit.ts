import { formatDuration } from '../../core/durations.ts'
import type { Limit } from '../../runtime/limit-view.ts'
import { type Column, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { grouped, plain } from './text.ts'
import { relativeTime } from './time.ts'

const aboutOf = ({ scope, queue, group, task, key }: Limit): string => {
  if (scope === 'group') return `${queue} / ${group}`
  if (scope === 'groups') return `${queue} / every group`
  return queue ?? task ?? plain(key ?? '')
}

const rateText = ({ rate }: Limit): string =>
  rate === null ? '–' : `${grouped(rate.max)} in ${formatDuration(rate.per)}`

/** What is so now: who stopped it, until when its rate lets nothing go, that it is full. */
const nowText = ({ paused, opensAt, concurrency, running, scope }: Limit, now: number): string => {
  if (paused !== null) return `paused by ${plain(paused.by)}`
  if (opensAt !== null && opensAt.getTime() > now)
    return `rate, opens ${relativeTime(opensAt.getTime(), now)}`
  return concurrency !== null && running >= concurrency && scope !== 'groups' ? 'full' : 'open'
}

/** Limits as a table, or how to set the first one. */
export const printLimits = (terminal: Terminal, limits: readonly Limit[], now: number): void => {
  if (limits.length === 0) {
    terminal.note(`There are no limits. Set one: ${terminal.program} limit set --queue mail --concurrency 20`)
    return
  }
  const { dim, yellow } = terminal.colors
  const columns: Column<Limit>[] = [
    { title: 'OF', cell: ({ scope }) => (scope === 'groups' ? 'group' : scope), paint: dim },
    { title: 'NAME', cell: aboutOf, shrinkTo: 12 },
    { title: 'RUNNING', cell: ({ running }) => grouped(running), align: 'right' },
    {
      title: 'LIMIT',
      cell: ({ concurrency }) => (concurrency === null ? '–' : grouped(concurrency)),
      align: 'right',
    },
    { title: 'RATE', cell: rateText },
    { title: 'WEIGHT', cell: ({ weight }) => String(weight ?? '–'), align: 'right', drop: 2 },
    {
      title: 'NOW',
      cell: (limit) => nowText(limit, now),
      paint: (text) => (text === 'open' ? text : yellow(text)),
      shrinkTo: 12,
    },
    { title: 'BY', cell: ({ by }) => by, paint: dim, drop: 1, shrinkTo: 6 },
    { title: 'VERSION', cell: ({ version }) => String(version), align: 'right', paint: dim, drop: 3 },
    {
      title: 'DRIFT',
      cell: ({ drift }) => drift?.fields.join(',') ?? '',
      paint: yellow,
      drop: 4,
      shrinkTo: 8,
    },
  ]
  for (const line of renderTable(limits, columns, { width: terminal.width, head: dim })) terminal.print(line)
}
