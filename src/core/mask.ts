import { clip } from './text.ts'

/** What stands in the place of a secret. */
export const MASK = '***'

/** Names of things that are never shown. */
const SECRET_NAME =
  /password|passwd|passphrase|^pass$|token|secret|authorization|cookie|credential|api[-_]?key/i

/** Bounds of a masked copy: it is made for logs and error messages, not for keeping. */
const DEPTH_MAX = 8
const NODES_MAX = 1_000
const TEXT_LENGTH_MAX = 10_000

/** Whether what has this name must be masked. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name)

/**
 * scheme://user:password@ — from the first colon to the last @ of the word, because people forget to escape @ and / in
 * passwords. Rather one character too many is masked than one too few. The bounds keep the search linear.
 */
const USER_AND_PASSWORD = /([a-z][a-z\d+.-]{0,30}:\/\/[^\s:@/?#]{0,256}:)\S{1,2048}@/gi
const USER_ALONE = /([a-z][a-z\d+.-]{0,30}:\/\/)[^\s:@/?#]{1,2048}@/gi
const PARAMETER =
  /([?&;][^\s=&;#]{0,64}(?:password|passwd|pass|token|secret|authorization|cookie|credential|api[-_]?key|sig(?:nature)?)[^\s=&;#]{0,64}=)[^\s&;#"']{1,2048}/gi
const ASSIGNMENT =
  /\b((?:password|passwd|passphrase|token|secret|api[-_]?key)["']?\s{0,4}=\s{0,4}|(?:password|passwd|passphrase|secret|authorization|cookie|api[-_]?key)["']?:\s{0,4})(?!\*\*\*)(?:(?:bearer|basic)\s{1,4})?(?:"[^"]{0,2048}"|'[^']{0,2048}'|[^\s"',;]{1,2048})/gi
const BEARER = /\b(bearer\s{1,4})[\w.~+/=-]{8,2048}/gi

/** Free text without the credentials that stand in its URLs, parameters and headers. */
export const maskText = (text: string): string =>
  text
    .replace(USER_AND_PASSWORD, `$1${MASK}@`)
    .replace(USER_ALONE, `$1${MASK}@`)
    .replace(PARAMETER, `$1${MASK}`)
    .replace(ASSIGNMENT, `$1${MASK}`)
    .replace(BEARER, `$1${MASK}`)

/** Longer than any credential that the patterns know. */
const WORD_LENGTH_MAX = 2_100

/**
 * At most `max` characters of masked text, from a text of any length. It is cut only after it was masked, because half
 * of a credential no longer looks like one; of a last word that had to be cut before, only its beginning is kept.
 */
export const maskAndClip = (text: string, max: number): string => {
  if (text.length <= max + WORD_LENGTH_MAX) return clip(maskText(text), max)
  const cut = text.slice(0, max + WORD_LENGTH_MAX)
  const word = Math.max(cut.lastIndexOf(' '), cut.lastIndexOf('\n')) + 1
  const beginning = cut.slice(word).replace(/(:\/\/|[:=?])[\s\S]*$/, `$1${MASK}`)
  return clip(maskText(cut.slice(0, word) + beginning), max)
}

/** A URL as it may be shown: without user's secrets and secret parameters. */
export const maskUrl = (url: string | URL): string => maskText(String(url))

/**
 * A copy for logs and people: values under secret names are masked, texts are searched for credentials, and what is too
 * deep, too long or unreadable is cut. Never throws.
 */
export const maskSecrets = (value: unknown): unknown => {
  let left = NODES_MAX
  const copy = (node: unknown, depth: number): unknown => {
    if (typeof node === 'string') return maskAndClip(node, TEXT_LENGTH_MAX)
    if (typeof node === 'bigint' || typeof node === 'symbol' || typeof node === 'function')
      return String(typeof node)
    if (typeof node !== 'object' || node === null) return node
    if (depth === DEPTH_MAX || --left < 0) return '…'
    try {
      if (node instanceof Date) return node
      if (node instanceof URL) return maskUrl(node)
      if (node instanceof Error) return { name: node.name, message: copy(node.message, depth + 1) }
      if (Array.isArray(node)) return node.slice(0, NODES_MAX).map((item) => copy(item, depth + 1))
      const made: Record<string, unknown> = {}
      for (const key of Object.keys(node).slice(0, NODES_MAX)) {
        const item = (node as Record<string, unknown>)[key]
        Object.defineProperty(made, key, {
          value:
            isSecretName(key) && item !== null && typeof item !== 'boolean' ? MASK : copy(item, depth + 1),
          enumerable: true,
          configurable: true,
          writable: true,
        })
      }
      return made
    } catch {
      return '(unreadable)'
    }
  }
  return copy(value, 0)
}
