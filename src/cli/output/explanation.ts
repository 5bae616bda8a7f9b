import type { Explanation } from '../../runtime/explain.ts'
import { paintState, stateText } from './colors.ts'
import { PROSE_WIDTH, type Terminal } from './terminal.ts'
import { plain, wrap } from './text.ts'

export const printExplanation = (terminal: Terminal, { id, state, reasons, next }: Explanation): void => {
  const { bold, dim } = terminal.colors
  const room = Math.min(terminal.width ?? PROSE_WIDTH, PROSE_WIDTH) - 4
  terminal.print(`${paintState(terminal.colors, state, bold(stateText(state)))}  ${id}`)
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
