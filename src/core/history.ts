import type { HistoryEntry } from './job.ts'
import { HISTORY_HEAD, HISTORY_MAX } from './limits.ts'

/** Reads the stored text of a history. */
export const parseHistory = (text: string | null): HistoryEntry[] =>
  text === null ? [] : (JSON.parse(text) as HistoryEntry[])

/**
 * The stored text with one more entry. Bounded: how a job's life began and how it went lately are worth more than its
 * middle, so the first HISTORY_HEAD entries and the newest others are kept.
 */
export const appendHistory = (text: string | null, entry: HistoryEntry): string => {
  if (text === null) return `[${JSON.stringify(entry)}]`
  const entries = parseHistory(text)
  if (entries.length >= HISTORY_MAX) entries.splice(HISTORY_HEAD, entries.length - HISTORY_MAX + 1)
  entries.push(entry)
  return JSON.stringify(entries)
}
