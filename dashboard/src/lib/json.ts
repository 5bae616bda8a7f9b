import { isSecretName } from '../../../src/core/mask.ts'
import { jsonStop } from './json-place.ts'

const MASK = '•••'

/** A value for people: indented, with what stands under a secret name masked. */
export const prettyJson = (value: unknown, { secrets }: { readonly secrets: boolean }): string =>
  JSON.stringify(secrets ? value : masked(value), null, 2) ?? 'null'

const isMasked = (name: string, value: unknown): boolean =>
  isSecretName(name) && value !== null && typeof value !== 'boolean'

const masked = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return value
  const copy: [string, unknown][] = Object.entries(value).map(([name, item]) => [
    name,
    isMasked(name, item) ? MASK : masked(item),
  ])
  return Object.fromEntries(copy)
}

/** Whether anything in the value would be masked. */
export const hasSecrets = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([name, item]) => isMasked(name, item) || hasSecrets(item))

export type JsonCheck =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly why: string }

/** Reads JSON that somebody typed; when it is none, says where it stops to be JSON. An empty text is null. */
export const checkJson = (text: string): JsonCheck => {
  if (text.trim() === '') return { ok: true, value: null }
  const stop = jsonStop(text)
  if (stop === null) return { ok: true, value: JSON.parse(text) as unknown }
  const before = text.slice(0, stop.at).split('\n')
  return { ok: false, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, why: stop.why }
}

export type Piece = { readonly kind: 'key' | 'text' | 'number' | 'word' | 'mark'; readonly text: string }

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b|([^"\w-]+)/g

/** Pieces of indented JSON, to be coloured. Together they are the text itself. */
export const piecesOf = (json: string): Piece[] => {
  const pieces: Piece[] = []
  for (const [, string, colon, number, word, mark] of json.matchAll(TOKEN)) {
    if (string !== undefined) pieces.push({ kind: colon === undefined ? 'text' : 'key', text: string })
    if (colon !== undefined) pieces.push({ kind: 'mark', text: colon })
    if (number !== undefined) pieces.push({ kind: 'number', text: number })
    if (word !== undefined) pieces.push({ kind: 'word', text: word })
    if (mark !== undefined) pieces.push({ kind: 'mark', text: mark })
  }
  return pieces
}
