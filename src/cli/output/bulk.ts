import type { BulkFilter } from '../../core/bulk.ts'
import { formatDuration } from '../../core/durations.ts'
import type { BulkPreview } from '../../runtime/bulk/preview.ts'
import type { BulkInfo } from '../../runtime/bulk/view.ts'
import { printPage } from './page.ts'
import { type Column, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { count, grouped, padEnd, plain } from './text.ts'
import { exactTime, relativeTime } from './time.ts'

const LABEL_WIDTH = 10

/** 'Retry' before, 'retried' afterwards. */
const WORDS: { readonly [A in BulkInfo['action']]: { readonly will: string; readonly did: string } } = {
  retry: { will: 'would be retried', did: 'retried' },
  cancel: { will: 'would be cancelled', did: 'cancelled' },
  remove: { will: 'would be removed', did: 'removed' },
  runNow: { will: 'would be run now', did: 'due now' },
  setPriority: { will: 'would get another priority', did: 'given another priority' },
  undo: { will: 'would be put back', did: 'put back' },
}

/** What would be done: how many jobs, and the first of them. */
export const printPreview = (
  terminal: Terminal,
  { action, count: fits, bounded, sample, states }: BulkPreview,
  { now, sample: most }: { readonly now: number; readonly sample: number },
): void => {
  if (fits === 0) {
    terminal.note(`No job fits that is ${states.join(' or ')}.`)
    return
  }
  const { bold, dim } = terminal.colors
  const more = bounded ? 'At least ' : ''
  terminal.print(
    `${more}${bold(count(fits, 'job'))} ${WORDS[action].will}${fits > most ? '; the oldest:' : ':'}`,
  )
  terminal.print()
  printPage(terminal, { jobs: [...sample], cursor: null, bounded: false }, { now, isFiltered: true })
  if (fits > sample.length)
    terminal.print(dim(`… and ${bounded ? 'at least ' : ''}${grouped(fits - sample.length)} more`))
  terminal.print()
}

/** How a run stands, or how it went. */
export const printRun = (terminal: Terminal, run: BulkInfo, now: number): void => {
  const { bold, dim, red, green, yellow } = terminal.colors
  const { id, action, state, done, refused, why, canary, undoable, refusals } = run
  const line = (label: string, text: string): void =>
    terminal.print(`  ${dim(padEnd(label, LABEL_WIDTH))}${text}`)
  const sign = state === 'done' ? green('✓') : state === 'stopped' ? red('✗') : yellow('▸')
  const rest = refused === 0 ? '' : `, ${grouped(refused)} refused`
  terminal.print(`${sign} ${bold(`${count(done, 'job')} ${WORDS[action].did}`)}${rest}  ${dim(state)}`)
  line('run', id)
  line('by', `${plain(run.by)} ${dim(exactTime(run.createdAt))}`)
  if (run.undoes !== null) line('undoes', run.undoes)
  if (run.filter !== null) line('filter', plain(filterText(run.filter)))
  if (run.reason !== null) line('reason', plain(run.reason))
  if (canary !== null)
    line(
      'canary',
      `${canary.verdict}: ${canary.ended} of ${canary.sent.length} ended, ${canary.failed} failed`,
    )
  if (why !== null) line('why', red(plain(why)))
  for (const [i, refusal] of refusals.entries())
    line(i === 0 ? 'refused' : '', `${refusal.id}  ${red(plain(refusal.message))}`)
  if (refused > refusals.length) line('', dim(`… and ${grouped(refused - refusals.length)} more`))
  const leftMs = undoable === null ? 0 : undoable.until.getTime() - now
  if (state !== 'running' && undoable !== null && undoable.jobs > 0 && leftMs > 0)
    terminal.note(`Take it back within ${formatDuration(leftMs)}: ${terminal.program} undo ${id}`)
}

/** 'state=dead queue=mail' */
const filterText = (filter: BulkFilter): string => {
  const { states, queues, tasks, createdBefore, createdAfter, ...texts } = filter
  const lists = { state: states, queue: queues, task: tasks }
  const times = { createdAfter, createdBefore }
  return [
    ...Object.entries(lists).flatMap(([name, values]) =>
      values === undefined ? [] : `${name}=${values.join(',')}`,
    ),
    ...Object.entries(texts).map(([name, value]) => `${name}=${value}`),
    ...Object.entries(times).flatMap(([name, at]) =>
      at === undefined ? [] : `${name}=${new Date(at).toISOString()}`,
    ),
  ].join(' ')
}

/** All runs as a table. */
export const printRuns = (terminal: Terminal, runs: readonly BulkInfo[], now: number): void => {
  if (runs.length === 0) {
    terminal.note(
      `There are no bulk runs. Begin one: ${terminal.program} retry --filter state=dead --dry-run`,
    )
    return
  }
  const { dim, red, green, yellow } = terminal.colors
  const paint = { done: green, stopped: red, running: yellow }
  const columns: Column<BulkInfo>[] = [
    { title: 'RUN', cell: ({ id }) => id },
    { title: 'ACTION', cell: ({ action }) => action },
    { title: 'STATE', cell: ({ state }) => state, paint: (text, { state }) => paint[state](text) },
    { title: 'DONE', cell: ({ done }) => grouped(done), align: 'right' },
    { title: 'REFUSED', cell: ({ refused }) => grouped(refused), align: 'right', drop: 2 },
    { title: 'WHEN', cell: ({ createdAt }) => relativeTime(createdAt.getTime(), now), paint: dim },
    { title: 'BY', cell: ({ by }) => plain(by), shrinkTo: 8, drop: 1 },
    { title: 'WHY', cell: ({ why }) => plain(why ?? ''), shrinkTo: 12, drop: 3 },
  ]
  for (const line of renderTable(runs, columns, { width: terminal.width, head: dim })) terminal.print(line)
}
