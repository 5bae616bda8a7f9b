import type { Explanation } from '../../runtime/explain.ts'
import type { QueueExplanation } from '../../runtime/explain-queue.ts'
import type { Reason } from '../../runtime/explain-words.ts'
import { paintState, stateText } from './colors.ts'
import { PROSE_WIDTH, type Terminal } from './terminal.ts'
import { grouped, plain, wrap } from './text.ts'

export const printExplanation = (terminal: Terminal, { id, state, reasons, next }: Explanation): void => {
  const { bold } = terminal.colors
  terminal.print(`${paintState(terminal.colors, state, bold(stateText(state)))}  ${id}`)
  printReasons(terminal, reasons, next)
}

/** How it is with a queue. */
export const printQueueExplanation = (
  terminal: Terminal,
  { queue, later, blocked, reasons, next }: QueueExplanation,
): void => {
  const { bold, dim } = terminal.colors
  const also = [later > 0 ? `${grouped(later)} later` : '', blocked > 0 ? `${grouped(blocked)} blocked` : '']
  terminal.print(`${bold(queue)}  ${dim(also.filter((text) => text !== '').join(', '))}`.trimEnd())
  printReasons(terminal, reasons, next)
}

const printReasons = (terminal: Terminal, reasons: readonly Reason[], next: string | null): void => {
  const { dim } = terminal.colors
  const room = Math.min(terminal.width ?? PROSE_WIDTH, PROSE_WIDTH) - 4
  terminal.print()
  for (const { text } of reasons) {
    wrap(plain(text), room).forEach((line, index) => {
      terminal.print(`  ${index === 0 ? '•' : ' '} ${line}`)
    })
  }
  if (next !== null) {
    terminal.print()
    for (const line of wrap(plain(next), room)) terminal.print(`  ${dim(line)}`)
  }
}
