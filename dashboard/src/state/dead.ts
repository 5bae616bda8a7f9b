import { signal } from '@preact/signals'
import { bulkRetry, getBulk, getDeadLetters } from '../api/calls.ts'
import { asProblem, type Problem } from '../api/client.ts'
import { onLive } from '../api/live.ts'
import type { WireBulk, WireDeadLetters } from '../api/types.ts'
import { createRefresher } from './refresher.ts'
import { refreshStats } from './stats.ts'
import { tellDone, tellProblem } from './toasts.ts'

/** To group is to read many jobs: not more often than this. */
const PAUSE_MS = 5_000
/** How often a run that was begun here is looked at. */
const LOOK_MS = 1_000
/** Jobs that are tried before the rest. */
export const CANARY_JOBS = 10

export const letters = signal<WireDeadLetters | null>(null)
export const lettersProblem = signal<Problem | null>(null)
/** Runs that were begun on this page, by the fingerprint that they are about. */
export const runs = signal<ReadonlyMap<string, WireBulk>>(new Map())

const refresher = { ask: (): void => undefined }

/** Reads the groups again when something happens, until the returned function is called. */
export const watchDeadLetters = (): (() => void) => {
  const { ask, stop } = createRefresher(async () => {
    try {
      letters.value = await getDeadLetters()
      lettersProblem.value = null
    } catch (error) {
      lettersProblem.value = asProblem(error)
    }
  }, PAUSE_MS)
  refresher.ask = ask
  ask()
  const stopLive = onLive((event) => {
    if (event.type === 'job' || event.type === 'changed') ask()
  })
  return () => {
    stopLive()
    stop()
    letters.value = null
  }
}

const note = (fingerprint: string, run: WireBulk): void => {
  runs.value = new Map([...runs.value, [fingerprint, run]])
}

/** Whether jobs of this kind are being sent round. */
export const isUnderWay = (fingerprint: string): boolean => runs.value.get(fingerprint)?.state === 'running'

/** Sends the dead jobs of one kind round again; with a canary, some of them first. */
export const retryKind = async (fingerprint: string, canary: boolean): Promise<void> => {
  if (isUnderWay(fingerprint)) return
  try {
    let run = await bulkRetry(fingerprint, canary ? CANARY_JOBS : null)
    note(fingerprint, run)
    while (run.state === 'running') {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      run = await getBulk(run.id)
      note(fingerprint, run)
    }
    if (run.state === 'done') tellDone(`Sent round again: ${run.done}`)
    else tellProblem({ message: `Stopped: ${run.why ?? ''}`, remedy: 'The others stay as they were.' })
  } catch (error) {
    tellProblem(asProblem(error))
  }
  refresher.ask()
  refreshStats()
}
