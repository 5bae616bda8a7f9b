/**
 * Characters that must never reach a mail header. CR and LF end a header and begin another one, NUL and the other
 * C0 controls, DEL and C1 have no place there, and half of a surrogate pair cannot be written as UTF-8. Nodemailer
 * repairs most of them silently; refusing is better, because whoever sends them means something else than mail.
 */
const UNSAFE = /[\p{Cc}\p{Cs}]/u

/** Unsafe in an address as well: white space, invisible format characters, private and unassigned code points. */
const UNSAFE_IN_ADDRESS = /[\p{C}\p{Z}]/u

export const hasUnsafe = (text: string): boolean => UNSAFE.test(text)
export const hasUnsafeInAddress = (text: string): boolean => UNSAFE_IN_ADDRESS.test(text)

/** Names the first unsafe character, for a message that a person can act on: `U+000D`. */
export function firstUnsafe(text: string): string | undefined {
  const found = UNSAFE.exec(text)?.[0]
  if (found === undefined) return undefined
  return `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

export const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8')

/** For error messages: quoted as JSON, so that control characters cannot disturb a log, and cut when long. */
export function quote(text: string, lengthMax = 80): string {
  const points = [...text.slice(0, 2 * lengthMax)]
  return JSON.stringify(points.length > lengthMax ? `${points.slice(0, lengthMax).join('')}…` : text)
}
