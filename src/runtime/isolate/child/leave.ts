import { rmSync } from 'node:fs'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'

/**
 * Sees to it that nothing of a child process is left when it exits. Otherwise its worker does that; but a worker that
 * was killed cannot, and the child alone hears of it. A thread ends with its worker's process, and starts no group.
 */
export const leaveNothing = (folder: string): void => {
  if (!isMainThread) return
  process.on('exit', () => {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // The worker is removing it, or the system keeps a folder that a program is in.
    }
    killGroup()
  })
}

/** Ends this process and what it has started, at once. */
export const killGroup = (): void => {
  try {
    // posix: the whole group; elsewhere what is done next ends the process alone
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    // There are no groups here.
  }
}
