/** Finished jobs at one moment. */
export interface Sample {
  readonly at: number
  readonly finished: number
}

/** What the rate is measured over. */
const WINDOW_MS = 60_000
/** Samples that follow each other faster than this say nothing new. */
const SPACING_MS = 1_800

/** With one more sample, and without those that are too old. */
export const addSample = (samples: readonly Sample[], sample: Sample): Sample[] => {
  const last = samples.at(-1)
  if (last !== undefined && sample.at - last.at < SPACING_MS) return [...samples]
  return [...samples.filter(({ at }) => sample.at - at <= WINDOW_MS), sample]
}

/** Increase from each sample to the next. Pruning lowers the number of finished jobs; that is no negative work. */
export const steps = (samples: readonly Sample[]): number[] =>
  samples.slice(1).map(({ finished }, i) => Math.max(0, finished - (samples[i]?.finished ?? finished)))

/** Jobs finished in a minute at the pace of the samples, or null while there is nothing to compare. */
export const perMinute = (samples: readonly Sample[]): number | null => {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.at <= first.at) return null
  const done = steps(samples).reduce((sum, step) => sum + step, 0)
  return Math.round((done * WINDOW_MS) / (last.at - first.at))
}
