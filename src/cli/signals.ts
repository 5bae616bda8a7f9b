/** npm and shells hand one Ctrl-C on more than once; what comes within this time is the same one. */
const SAME_SIGNAL_MS = 100

// posix: a terminal that was closed. Windows gives ten seconds after it, and knows no such signal to send.
const HANG_UP = 'SIGHUP'
const SIGNALS = ['SIGINT', 'SIGTERM', HANG_UP] as const

export interface StopSignals {
  /** Resolves at the first request to stop. */
  readonly first: Promise<NodeJS.Signals>
  /** Resolves at the second one. */
  readonly second: Promise<NodeJS.Signals>
  /** Gives the signals back to Node.js. */
  close(): void
}

/** Listens to requests to stop: Ctrl-C, a service manager, a terminal that was closed. */
export const stopSignals = (): StopSignals => {
  let firstAt: number | null = null
  let tellFirst: (signal: NodeJS.Signals) => void = () => undefined
  let tellSecond: (signal: NodeJS.Signals) => void = () => undefined
  const first = new Promise<NodeJS.Signals>((resolve) => {
    tellFirst = resolve
  })
  const second = new Promise<NodeJS.Signals>((resolve) => {
    tellSecond = resolve
  })
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    if (firstAt === null) {
      firstAt = now
      tellFirst(signal)
    } else if (now - firstAt > SAME_SIGNAL_MS) {
      tellSecond(signal)
    }
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return {
    first,
    second,
    close() {
      for (const signal of SIGNALS) process.off(signal, onSignal)
    },
  }
}
