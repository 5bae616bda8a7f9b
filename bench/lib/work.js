// Small things that several cases need.

/** The payload of every case: JSON of about 100 bytes. */
export const payload = (n = 0) => ({
  n,
  to: 'someone@example.com',
  subject: 'The quick brown fox jumps over it',
  at: 0,
})

/** @param {number} from */
export const secondsSince = (from) => (performance.now() - from) / 1000

/** @param {() => boolean | Promise<boolean>} condition @param {number} everyMs @param {number} deadlineMs */
export const until = async (condition, everyMs, deadlineMs) => {
  const from = performance.now()
  while (!(await condition())) {
    if (performance.now() - from > deadlineMs) throw new Error(`not reached within ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** @param {readonly number[]} values @param {number} share */
export const percentile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Fills a store in flights that no system finds too large. @param {import('./types.js').System} system @param {number} size */
export const fill = async (system, size) => {
  for (let at = 0; at < size; at += 10_000) {
    await system.addMany(Array.from({ length: Math.min(10_000, size - at) }, (_, n) => payload(at + n)))
  }
}

/** CLOCK_MONOTONIC in ms: comparable between processes of one machine. */
export const machineNow = () => Number(process.hrtime.bigint()) / 1e6
