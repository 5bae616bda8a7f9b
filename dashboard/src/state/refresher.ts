/** Does something again when it is asked to, but not too often, one at a time, and not while nobody looks. */
export interface Refresher {
  ask(): void
  stop(): void
}

/**
 * @param work never throws
 * @param pauseMs between the end of one and the begin of the next
 */
export const createRefresher = (work: () => Promise<void>, pauseMs: number | (() => number)): Refresher => {
  let mode: 'idle' | 'working' | 'resting' | 'stopped' = 'idle'
  let isAsked = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const run = async (): Promise<void> => {
    mode = 'working'
    isAsked = false
    await work()
    if (mode !== 'working') return
    mode = 'resting'
    timer = setTimeout(
      () => {
        mode = 'idle'
        if (isAsked) ask()
      },
      typeof pauseMs === 'number' ? pauseMs : pauseMs(),
    )
  }
  const ask = (): void => {
    isAsked = true
    if (mode === 'idle' && !document.hidden) void run()
  }
  const onVisible = (): void => {
    if (isAsked) ask()
  }
  document.addEventListener('visibilitychange', onVisible)

  return {
    ask,
    stop() {
      mode = 'stopped'
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    },
  }
}
