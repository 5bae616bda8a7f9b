import type { Lab } from './lab.ts'

/** One thing that must hold, shown on an empty store. */
export type Check = (lab: Lab) => Promise<void>

/** Cases about one subject, each under the sentence that it proves. */
export interface Subject {
  readonly subject: string
  readonly cases: { readonly [sentence: string]: Check }
  /** True: about hints, which an engine may lose. */
  readonly hints?: boolean
}
