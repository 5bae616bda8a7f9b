/**
 * Text for a terminal. What comes from jobs was written by strangers: it passes through `plain` before it is printed,
 * so that no payload can move the cursor, hide a line or set the title of someone's window.
 */

/** Control and format characters, line and paragraph separators: what moves, hides or reorders text. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const visible = (char: string): string =>
  ESCAPES[char] ?? `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`

/** One line that prints as it reads: control characters become visible escapes. */
export const plain = (text: string): string => text.toWellFormed().replace(UNSAFE, visible)

/** The same for text of several lines: line breaks stay. */
export const plainLines = (text: string): string[] => text.split(/\r\n|\n|\r/).map(plain)

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape character is exactly what is looked for.
const COLOUR = /\u001b\[[0-9;]*m/g

/** Characters that take no column: marks that combine, joiners, variation selectors. */
const ZERO_WIDTH = /\p{Mark}|[\u200d\ufe00-\ufe0f]/u
/** East Asian wide and full-width characters, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

const charWidth = (char: string): number => {
  if (char < '\u0300') return 1
  if (ZERO_WIDTH.test(char)) return 0
  return WIDE.test(char) || (char.codePointAt(0) ?? 0) >= 0x20000 ? 2 : 1
}

/** Columns that the text takes; colours take none. */
export const widthOf = (text: string): number => {
  let width = 0
  for (const char of text.replace(COLOUR, '')) width += charWidth(char)
  return width
}

/** Cuts text without colours to `width` columns, the last one an ellipsis. */
export const truncate = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 0
  for (const char of text) {
    const next = charWidth(char)
    if (used + next > width - 1) break
    kept += char
    used += next
  }
  return width <= 0 ? '' : `${kept}…`
}

/**
 * Breaks text without colours into lines of at most `width` columns, at spaces where there are any. What the text is
 * indented by, its further lines are indented by, too.
 */
export const wrap = (text: string, width: number): string[] => {
  const indent = /^ */.exec(text)?.[0].slice(0, Math.max(0, width - 1)) ?? ''
  const room = width - indent.length
  const lines: string[] = []
  let line = ''
  for (const word of text.slice(indent.length).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (widthOf(longer) <= room) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (widthOf(line) > room) {
      const head = splitAt(line, room)
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  return [...lines, line].map((each) => indent + each)
}

const splitAt = (text: string, width: number): string => {
  let head = ''
  let used = 0
  for (const char of text) {
    used += charWidth(char)
    if (used > width && head !== '') break
    head += char
  }
  return head
}

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)))
export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text

/** 1 job, 2 jobs, 12,345 jobs. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${grouped(number)} ${number === 1 ? one : many}`

/** 12,345 */
export const grouped = (number: number): string => number.toLocaleString('en-US')

/** The task of a job, with the version of its payload where that says something. */
export const taskText = ({ task, version }: { readonly task: string; readonly version: number }): string =>
  version === 1 ? task : `${task} v${version}`
