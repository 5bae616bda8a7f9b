import { hostname, userInfo } from 'node:os'
import { clip } from '../core/text.ts'

const LENGTH_MAX = 128

/** Who acts, for the history of a job and for the audit: 'ada@laptop'. */
export const BY = ((): string => {
  try {
    return clip(`${userInfo().username}@${hostname()}`, LENGTH_MAX)
  } catch {
    // A user id without a name: containers have such.
    return clip(`command line@${hostname()}`, LENGTH_MAX)
  }
})()
