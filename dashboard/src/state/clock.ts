import { signal } from '@preact/signals'

const TICK_MS = 1_000

/** How far this machine's clock is behind the store's: ages are told by the clock that wrote the times. */
let offsetMs = 0

/** The store's time, as well as it is known, second by second. */
export const now = signal(Date.now())

export const setStoreTime = (at: string): void => {
  const time = Date.parse(at)
  if (!Number.isNaN(time)) offsetMs = time - Date.now()
}

export const startClock = (): void => {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now() + offsetMs
  }, TICK_MS)
}
