import type { Job } from '../../core/view.ts'
import type { Terminal } from './terminal.ts'
import { inSeconds } from './time.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** Shows that something is waited for, and how long already; silent without a terminal. */
export const watchWait = async (terminal: Terminal, id: string, wait: () => Promise<Job>): Promise<Job> => {
  const started = performance.now()
  let frame = 0
  const timer = setInterval(() => {
    const since = performance.now() - started
    frame = (frame + 1) % FRAMES.length
    const seconds = inSeconds(since)
    terminal.status(
      `${terminal.errColors.cyan(FRAMES[frame] ?? '')} waiting for ${id}  ${terminal.errColors.dim(seconds)}`,
    )
  }, FRAME_MS)
  try {
    return await wait()
  } finally {
    clearInterval(timer)
    terminal.status('')
  }
}
