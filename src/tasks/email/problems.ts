/** One thing that is wrong with a payload, in the form of Standard Schema's issues. */
export interface Problem {
  readonly message: string
  /** Where, in the caller's own spelling. */
  readonly path: readonly (string | number)[]
}

/** Collects what is wrong, so that one answer names everything that must be corrected. */
export class Problems {
  readonly list: Problem[] = []

  /** A payload full of errors is answered with the first few of them. */
  static readonly MAX = 20

  add(path: readonly (string | number)[], message: string): undefined {
    if (this.list.length < Problems.MAX) this.list.push({ path, message })
    return undefined
  }

  get found(): boolean {
    return this.list.length > 0
  }
}

export type Path = readonly (string | number)[]
