/**
 * How the steps of a job and its handler's own checkpoint share one column. A checkpoint alone is stored as it is; with
 * steps, both are in an envelope. What a handler keeps can never be taken for one: text that begins like an envelope is
 * put into one.
 */

/** A step that was finished. */
export interface StepRecord {
  readonly name: string
  /** When its result was there, by the store's clock. */
  readonly at: number
  /** How long it took. */
  readonly ms: number
  /** Number of the run in which it was finished, from 1. */
  readonly attempt: number
  /** JSON text; null: it returned nothing. */
  readonly output: string | null
}

/** What a job keeps across its runs. */
export interface Kept {
  /** The handler's own checkpoint as JSON text, or null. */
  readonly own: string | null
  /** In the order in which they were finished. */
  readonly steps: readonly StepRecord[]
}

const MARK = '{"$posthaste":1,'
const NOTHING: Kept = { own: null, steps: [] }

type Row = readonly [name: string, at: number, ms: number, attempt: number, output?: unknown]
interface Envelope {
  readonly checkpoint?: unknown
  readonly steps: readonly Row[]
}

/** What the stored text says. */
export const readKept = (text: string | null): Kept => {
  if (text === null) return NOTHING
  if (!text.startsWith(MARK)) return { own: text, steps: [] }
  const { checkpoint, steps } = JSON.parse(text) as Envelope
  return {
    own: checkpoint === undefined ? null : JSON.stringify(checkpoint),
    steps: steps.map(([name, at, ms, attempt, output]) => {
      return { name, at, ms, attempt, output: output === undefined ? null : JSON.stringify(output) }
    }),
  }
}

/** The text to store; null when there is nothing. */
export const keptText = ({ own, steps }: Kept): string | null => {
  if (steps.length === 0 && (own === null || !own.startsWith(MARK))) return own
  const rows = steps.map(({ name, at, ms, attempt, output }) => {
    const result = output === null ? '' : `,${output}`
    return `[${JSON.stringify(name)},${at},${ms},${attempt}${result}]`
  })
  return `${MARK}${own === null ? '' : `"checkpoint":${own},`}"steps":[${rows.join(',')}]}`
}
