const CHECK_EVERY_MS = 500

/**
 * Ends this process as SIGTERM would when the shell that npm put between itself and us is gone. npm hands a signal on
 * to that shell; some shells then die without telling their child, which would go on running with nobody to stop it.
 * Does nothing when npm did not start us, and nothing when we were told to stop ourselves (Ctrl-C reaches everyone).
 */
export function followParent() {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  let told = false
  /** @param {NodeJS.Signals} signal */
  const note = (signal) => {
    told = true
    // A listener takes away the default, which is to end: give it back when nobody else listens.
    if (process.listenerCount(signal) === 1) process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.on('SIGINT', note).on('SIGTERM', note)
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    if (!told) process.emit('SIGTERM', 'SIGTERM')
  }, CHECK_EVERY_MS)
  timer.unref()
}
