import { absolute, relative } from '../lib/time.ts'
import { now } from '../state/clock.ts'

interface WhenProps {
  /** ISO 8601, or null for never. */
  readonly at: string | null
  /** Show the date and time, too. */
  readonly full?: boolean
}

/** A moment as people say it; the exact one is in its tooltip. */
export const When = ({ at, full = false }: WhenProps) => {
  if (at === null) return <span class="quiet">–</span>
  const time = Date.parse(at)
  const exact = absolute(time)
  const said = relative(time, now.value)
  return (
    <time dateTime={at} title={full ? at : `${exact}\n${at}`}>
      {full ? (
        <>
          {exact} <span class="quiet">{said}</span>
        </>
      ) : (
        said
      )}
    </time>
  )
}
