import type { ListQuery } from '../engine.ts'

export { fitter } from '../fits.ts'

/** Whether bodies have to be looked at, which can be large. */
export const needsBodies = ({ tag, search, parent, batch }: ListQuery): boolean =>
  (tag ?? search ?? parent ?? batch) !== undefined

/** Whether every candidate fits, so that none has to be looked at. */
export const needsNoLook = (query: ListQuery): boolean => {
  const { group, key, ref, worker, createdAfter, createdBefore } = query
  return !needsBodies(query) && (group ?? key ?? ref ?? worker ?? createdAfter ?? createdBefore) === undefined
}
