import type { BatchInfo } from '../../runtime/batches.ts'
import { type Column, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { grouped, padEnd, plain } from './text.ts'
import { exactTime, relativeTime } from './time.ts'

const LABEL_WIDTH = 10

const percent = ({ progress }: BatchInfo): string => `${Math.floor(progress * 100)}%`

/** All batches as a table, or how to open the first one. */
export const printBatches = (terminal: Terminal, batches: readonly BatchInfo[], now: number): void => {
  if (batches.length === 0) {
    terminal.note(`There are no batches. Open one: ${terminal.program} batch open`)
    return
  }
  const columns: Column<BatchInfo>[] = [
    { title: 'ID', cell: ({ id }) => id },
    { title: 'STATE', cell: ({ state }) => state },
    { title: 'DONE', cell: percent, align: 'right' },
    { title: 'JOBS', cell: ({ total }) => grouped(total), align: 'right' },
    { title: 'DEAD', cell: ({ dead }) => grouped(dead), align: 'right', drop: 1 },
    { title: 'OPENED', cell: ({ createdAt }) => relativeTime(createdAt.getTime(), now), drop: 2 },
    { title: 'WHAT', cell: ({ description }) => plain(description ?? ''), shrinkTo: 12, drop: 3 },
  ]
  const style = { width: terminal.width, head: terminal.colors.dim }
  for (const line of renderTable(batches, columns, style)) terminal.print(line)
}

/** One batch, for a person. */
export const printBatch = (terminal: Terminal, batch: BatchInfo, now: number): void => {
  const { bold, dim } = terminal.colors
  const line = (label: string, text: string): void =>
    terminal.print(`  ${dim(padEnd(label, LABEL_WIDTH))}${text}`)
  const moment = (label: string, at: Date | null): void => {
    if (at !== null) line(label, `${padEnd(relativeTime(at.getTime(), now), 12)} ${dim(exactTime(at))}`)
  }
  const { pending, completed, cancelled, dead, removed } = batch
  terminal.print(`${bold(batch.state)}  ${batch.id}`)
  terminal.print()
  if (batch.description !== null) line('what', plain(batch.description))
  line('done', `${percent(batch)} of ${grouped(batch.total)}`)
  const numbers = { pending, completed, cancelled, dead, removed }
  for (const [label, number] of Object.entries(numbers)) if (number > 0) line(label, grouped(number))
  moment('opened', batch.createdAt)
  moment('closed', batch.closedAt)
  moment('finished', batch.finishedAt)
  if (batch.parent !== null) line('part of', batch.parent)
  for (const { id, state } of batch.children) line('within it', `${id} ${dim(state)}`)
  for (const [event, job] of Object.entries(batch.callbacks))
    line(`on ${event}`, `${job.id} ${dim(job.fired ? 'added' : 'not yet')}`)
}
