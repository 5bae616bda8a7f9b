import { formatDuration } from '../core/durations.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import type { Terminal } from './output/terminal.ts'
import { welcomeMail } from './welcome-mail.ts'

const WAIT_MS = 60_000

/**
 * Sends a first mail as a job like any other, to the mailbox of this server, and says when it is delivered. It goes
 * wrong in silence at most: a server does not stop because of a greeting.
 */
export const sendWelcome = async (terminal: Terminal, posthaste: Posthaste, url: string): Promise<void> => {
  const { green, cyan, dim, yellow } = terminal.colors
  const started = performance.now()
  try {
    // The key keeps two processes that start at the same time from greeting twice.
    const added = await posthaste.add('email', welcomeMail(terminal.program, url), { key: 'welcome' })
    const job = await posthaste.waitFor(added.id, { timeout: WAIT_MS })
    const tookMs = Math.round(performance.now() - started)
    if (job.state !== 'completed') {
      terminal.print(
        yellow(`The first mail was not delivered. See why: ${terminal.program} status ${job.id}`),
      )
    } else if (terminal.json) {
      terminal.printJson({ event: 'delivered', job: job.id, tookMs, mailbox: `${url}/mailbox` })
    } else {
      terminal.print(
        `${green('✓')} First mail delivered ${dim(`in ${formatDuration(tookMs)}`)}. Read it: ${cyan(`${url}/mailbox`)}`,
      )
    }
  } catch (error) {
    terminal.print(yellow(`The first mail: ${error instanceof Error ? error.message : String(error)}`))
  }
}
