// The external ledger of a campaign: every process appends what it saw to a file of its own and syncs it to disk
// before it goes on, so that a kill -9 at any moment leaves a true account of what happened before.
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Line
 * @property {number} t Monotonic time of the machine in ms: comparable between processes.
 * @property {string} actor
 * @property {'adding' | 'added' | 'start' | 'end' | 'told' | 'wrote' | 'refused' | 'settled' | 'kill' | 'died' | 'cut' | 'heal'
 *   | 'freeze' | 'down' | 'up' | 'processor'} what `told`: a handler was told to stop; `wrote`, `refused`: what became of its
 *   checkpoint; `cut`, `heal`, `freeze`: of the connection or process of `victim`; `down`, `up`: of the store
 * @property {string} [id]
 * @property {number} [fence]
 * @property {number} [attempt]
 * @property {string} [state]
 * @property {string} [victim]
 * @property {number} [ms]
 * @property {number} [askedAt] When the checkpoint was asked for; the line itself tells when the answer was heard.
 */

/** CLOCK_MONOTONIC counts from the machine's start, the same for all processes. */
export const machineNow = () => Number(process.hrtime.bigint() / 1000n) / 1000

/**
 * Opens the ledger of one actor.
 * @param {string} folder
 * @param {string} actor
 */
export const openLedger = (folder, actor) => {
  const file = openSync(join(folder, `${actor}.ndjson`), 'a')
  return {
    /** Writes lines and returns once they are on the disk. @param {Omit<Line, 't' | 'actor'>[]} lines */
    write(...lines) {
      const t = machineNow()
      writeSync(file, lines.map((line) => `${JSON.stringify({ t, actor, ...line })}\n`).join(''))
      fsyncSync(file)
    },
    close() {
      closeSync(file)
    },
  }
}

/**
 * Reads all ledgers of a folder in the order of time. A last line that was cut off by a kill says nothing.
 * @param {string} folder
 * @returns {Line[]}
 */
export const readLedgers = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ndjson'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
    .map((text) => JSON.parse(text))
    .sort((a, b) => a.t - b.t)
