/**
 * A search reads thousands of jobs, and whoever types asks again with every pause. Searches are therefore made one after
 * the other, and one whose caller has gone meanwhile is not made at all: a store that is read through one connection is
 * not kept busy with answers that nobody waits for.
 */
export interface Searches {
  /**
   * Makes the search when its turn comes. Null: its caller went before that.
   * @param signal of the request: aborted when its caller has gone
   * @throws what `search` throws
   */
  inTurn<T>(signal: AbortSignal, search: () => Promise<T>): Promise<T | null>
}

export const createSearches = (): Searches => {
  let last: Promise<unknown> = Promise.resolve()
  return {
    inTurn(signal, search) {
      const turn = last.then(() => (signal.aborted ? null : search()))
      last = turn.catch(() => undefined)
      return turn
    },
  }
}
