const WIDTH = 120
const HEIGHT = 24
/** Fewer points than this make no picture. */
const POINTS_MIN = 3

/** The course of a number as a small line, scaled to its own height. */
export const Sparkline = ({
  values,
  label,
}: {
  readonly values: readonly number[]
  readonly label: string
}) => {
  if (values.length < POINTS_MIN) return null
  const top = Math.max(1, ...values)
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH
    const y = HEIGHT - 1.5 - (value / top) * (HEIGHT - 3)
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={label}
    >
      <polyline points={points.join(' ')} />
    </svg>
  )
}
