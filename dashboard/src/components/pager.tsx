import { PAGE_SIZE } from '../api/calls.ts'
import { count } from '../lib/time.ts'
import { nextPage, page, pageNumber, previousPage, view } from '../state/jobs.ts'
import { stats } from '../state/stats.ts'
import { Button } from './button.tsx'
import { knownTotal } from './known-total.ts'

/** Jobs that a search or an unindexed sort looks at, at most: LIST_SCAN_MAX of the engine contract. */
const SCANNED = 20_000

export const Pager = () => {
  const shown = page.value
  if (shown === null || (shown.jobs.length === 0 && view.value.cursor === null && !shown.bounded)) return null
  const total = knownTotal(stats.value, view.value)
  const first = (pageNumber.value - 1) * PAGE_SIZE + 1
  // Someone who came by a link to a later page does not know how many are before it.
  const isKnown = view.value.cursor === null || pageNumber.value > 1
  const range =
    isKnown && shown.jobs.length > 0 ? `${count(first)}–${count(first + shown.jobs.length - 1)}` : null
  return (
    <nav class="pager" aria-label="Pages of jobs">
      <p class="quiet">
        {range ?? `${shown.jobs.length} jobs`}
        {total !== undefined &&
          range !== null &&
          ` of ${count(Math.max(total, first + shown.jobs.length - 1))}`}
        {shown.bounded &&
          `. Looked at the newest ${count(SCANNED)} that fit; add a filter to reach older ones.`}
      </p>
      <div class="pager-buttons">
        <Button
          label="Previous"
          icon="arrowLeft"
          disabled={view.value.cursor === null}
          onClick={previousPage}
          shortcut="["
        />
        <Button
          label="Next"
          icon="arrowRight"
          disabled={shown.cursor === null}
          onClick={nextPage}
          shortcut="]"
        />
      </div>
    </nav>
  )
}
