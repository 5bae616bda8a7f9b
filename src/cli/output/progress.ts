import type { Terminal } from './terminal.ts'
import { grouped, widthOf } from './text.ts'
import { inSeconds } from './time.ts'

/** A terminal is redrawn at most this often; more only costs time. */
const REDRAW_MS = 80
const BAR_WIDTH_MAX = 40

/**
 * A bar on standard error while work goes on, or a plain number when its length is not known (null). Without a
 * terminal it is silent.
 */
export const progressBar = (
  terminal: Terminal,
  label: string,
  total: number | null,
  clock: () => number = () => performance.now(),
): { readonly update: (done: number) => void; readonly end: () => void } => {
  const started = clock()
  let drawn = Number.NEGATIVE_INFINITY
  return {
    update(done) {
      const now = clock()
      if (now - drawn < REDRAW_MS) return
      drawn = now
      const line =
        total === null ? `${label} ${grouped(done)}` : renderBar(terminal, label, done, total, now - started)
      terminal.status(line)
    },
    end: () => terminal.status(''),
  }
}

const renderBar = (
  terminal: Terminal,
  label: string,
  done: number,
  total: number,
  elapsedMs: number,
): string => {
  const share = total === 0 ? 1 : done / total
  const left = done > 0 && done < total ? `  ${inSeconds((elapsedMs / done) * (total - done))} left` : ''
  const tail = ` ${String(Math.floor(share * 100)).padStart(3)} %  ${grouped(done)} of ${grouped(total)}${left}`
  const room = (terminal.errWidth ?? 80) - widthOf(label) - widthOf(tail) - 3
  const width = Math.max(0, Math.min(BAR_WIDTH_MAX, room))
  const filled = Math.round(share * width)
  const { green, dim } = terminal.errColors
  return `${label} ${green('━'.repeat(filled))}${dim('─'.repeat(width - filled))}${tail}`
}
