/** Whether a text is valid Unicode: no half of a surrogate pair stands alone. */
export const isWellFormed = (text: string): boolean => (text as unknown as WellFormed).isWellFormed()

/** The text as every store can keep it: halves of surrogate pairs and NUL become U+FFFD. */
export const storable = (text: string): string =>
  (text as unknown as WellFormed).toWellFormed().replaceAll('\u0000', '\ufffd')

/** In every Node.js that Posthaste runs on; the type library of its language level does not know it yet. */
interface WellFormed {
  isWellFormed(): boolean
  toWellFormed(): string
}

/** At most `max` characters of a text, never half of a surrogate pair at its end; `…` tells that something is missing. */
export const clip = (text: string, max: number): string => {
  if (text.length <= max) return text
  const last = text.charCodeAt(max - 2)
  const end = last >= 0xd800 && last <= 0xdbff ? max - 2 : max - 1
  return `${text.slice(0, end)}…`
}

/** A value as an error message shows it: short, on one line, never throwing. */
export const shown = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(clip(value, 40))
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'function') return 'a function'
  return clip(String(value), 40)
}
