/**
 * Waiting for another process that writes. SQLite's own waiting goes by fixed steps and starves all writers but one;
 * short random pauses are fair.
 */
const PAUSE_MIN_MS = 0.05
const PAUSE_MAX_MS = 0.9

export const randomPauseMs = (): number => PAUSE_MIN_MS + Math.random() * (PAUSE_MAX_MS - PAUSE_MIN_MS)

const cell = new Int32Array(new SharedArrayBuffer(4))

/** Holds up the whole thread: only for one that has nothing else to do. */
export const sleep = (ms: number): void => void Atomics.wait(cell, 0, 0, ms)
