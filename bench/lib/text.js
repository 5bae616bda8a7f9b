/** A figure with as many digits as tell something. @param {number} value */
export const readable = (value) =>
  value >= 1_000
    ? Math.round(value).toLocaleString('en-US')
    : value >= 100 || Number.isInteger(value)
      ? String(Math.round(value))
      : value.toFixed(2)
