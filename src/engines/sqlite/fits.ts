import type { ListQuery } from '../engine.ts'

export { fitter } from '../fits.ts'

/** Whether every candidate fits, so that none has to be looked at. */
export const needsNoLook = (query: ListQuery): boolean => {
  const { group, key, ref, tag, worker, search, parent, batch, createdAfter, createdBefore } = query
  return (
    (group ?? key ?? ref ?? parent ?? batch ?? tag ?? worker ?? search ?? createdAfter ?? createdBefore) ===
    undefined
  )
}
