import { computed, signal } from '@preact/signals'
import { getStats } from '../api/calls.ts'
import { asProblem, type Problem } from '../api/client.ts'
import { onLive } from '../api/live.ts'
import type { WireStats } from '../api/types.ts'
import { addSample, perMinute, type Sample, steps } from '../lib/rate.ts'
import { setStoreTime } from './clock.ts'
import { createRefresher } from './refresher.ts'

/** Numbers are read again at most this often. */
const PAUSE_MS = 2_000

/** Numbers by state, queue and task; null before the first answer. */
export const stats = signal<WireStats | null>(null)
/** Why the newest numbers could not be read, or null. */
export const statsProblem = signal<Problem | null>(null)

const samples = signal<readonly Sample[]>([])
/** Jobs finished per minute, or null while it is not known. */
export const rate = computed(() => perMinute(samples.value))
export const rateSteps = computed(() => steps(samples.value))

const take = (at: string, states: WireStats['states']): void => {
  setStoreTime(at)
  const finished = states.completed + states.cancelled + states.dead
  samples.value = addSample(samples.value, { at: Date.parse(at), finished })
}

const refresher = createRefresher(async () => {
  try {
    stats.value = await getStats()
    statsProblem.value = null
    take(stats.value.at, stats.value.states)
  } catch (error) {
    statsProblem.value = asProblem(error)
  }
}, PAUSE_MS)

export const refreshStats = (): void => refresher.ask()

export const startStats = (): void => {
  refresher.ask()
  onLive((event) => {
    if (event.type === 'job' || event.type === 'queue' || event.type === 'changed') refresher.ask()
    if (event.type !== 'stats') return
    take(event.at, event.states)
    // Jobs become due and workers go without an event; the numbers show it.
    const known = stats.value
    if (known === null || known.total !== event.total || known.workers.length !== event.workers)
      refresher.ask()
    else
      stats.value = { ...known, at: event.at, states: event.states, oldestReadyAgeMs: event.oldestReadyAgeMs }
  })
}
