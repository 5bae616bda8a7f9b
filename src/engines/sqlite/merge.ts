/** Rows in an order of their own, of which the next few can be asked for. */
export interface Source<Row> {
  /** The next rows behind `after` (null: from the beginning), at most `count`; fewer mean that these are the last. */
  fetch(after: Row | null, count: number): Row[]
}

/** Beyond this many, sources are asked for few rows at a time: most of them will not be needed. */
const CHUNK_MIN = 4

/** A source with the rows that were fetched and not taken yet. */
export class Cursor<Row> {
  private readonly source: Source<Row>
  private readonly chunk: number
  private rows: Row[]
  private at = 0

  constructor(source: Source<Row>, chunk: number) {
    this.source = source
    this.chunk = chunk
    this.rows = source.fetch(null, chunk)
  }

  get head(): Row | undefined {
    return this.rows[this.at]
  }

  take(): void {
    const taken = this.rows[this.at++]
    if (this.at < this.rows.length || this.rows.length < this.chunk || taken === undefined) return
    this.rows = this.source.fetch(taken, this.chunk)
    this.at = 0
  }
}

/**
 * Takes the first rows of all sources in one order, which each source keeps by itself. `take` is told of each with the
 * number of its source; it answers false to stop before that row. Answers whether a row was left untaken.
 */
export const merge = <Row>(
  sources: readonly Source<Row>[],
  limit: number,
  compare: (a: Row, b: Row) => number,
  take: (row: Row, source: number) => boolean,
): boolean => {
  const chunk = Math.max(CHUNK_MIN, Math.ceil((limit + 1) / Math.max(1, sources.length)))
  const cursors = sources.map((source) => new Cursor(source, chunk))
  for (let taken = 0; ; taken++) {
    let best = -1
    let row: Row | undefined
    for (const [i, { head }] of cursors.entries()) {
      if (head === undefined || (row !== undefined && compare(row, head) <= 0)) continue
      best = i
      row = head
    }
    if (row === undefined) return false
    if (taken >= limit || !take(row, best)) return true
    cursors[best]?.take()
  }
}
