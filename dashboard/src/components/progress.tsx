/** A bar for what can be read as a share of 100: a number, or what is done of a total. Anything else has none. */
export const ProgressBar = ({ value }: { readonly value: unknown }) => {
  const share = shareOf(value)
  if (share === null) return null
  return (
    <progress class="progress" max={100} value={share} aria-label="Progress">
      {Math.round(share)} %
    </progress>
  )
}

const shareOf = (value: unknown): number | null => {
  if (typeof value === 'number') return value >= 0 && value <= 100 ? value : null
  if (typeof value !== 'object' || value === null) return null
  const { percent, done, total } = value as Readonly<Record<string, unknown>>
  if (typeof percent === 'number') return shareOf(percent)
  if (typeof done !== 'number' || typeof total !== 'number' || total <= 0) return null
  return shareOf((done / total) * 100)
}
