/** What may come next while JSON is read, and how people call it. */
const EXPECTED = {
  value: 'a value is expected here',
  'value or ]': 'a value or ] is expected here',
  name: 'a name in double quotes is expected here',
  'name or }': 'a name in double quotes or } is expected here',
  colon: 'a colon is expected here',
  'comma or }': 'a comma or } is expected here',
  'comma or ]': 'a comma or ] is expected here',
  end: 'nothing more is expected here',
} as const
type Expected = keyof typeof EXPECTED

const SPACE = /[ \t\n\r]*/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: a string must not contain them.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y
const ATOM = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y

const match = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0].length ?? 0
}

export interface JsonStop {
  /** Counts from 0. */
  readonly at: number
  readonly why: string
}

/** Where a text stops to be JSON, or null when it is JSON. Browsers tell it in different words, or not at all. */
export const jsonStop = (text: string): JsonStop | null => {
  const open: ('{' | '[')[] = []
  let expected: Expected = 'value'
  let at = match(SPACE, text, 0)
  const afterValue = (): Expected => {
    const inside = open.at(-1)
    if (inside === undefined) return 'end'
    return inside === '{' ? 'comma or }' : 'comma or ]'
  }
  while (at < text.length) {
    const char = text[at]
    let length = 1
    if ((char === '}' && expected.endsWith('}')) || (char === ']' && expected.endsWith(']'))) {
      open.pop()
      expected = afterValue()
    } else if (expected.startsWith('value')) {
      if (char === '{' || char === '[') {
        open.push(char)
        expected = char === '{' ? 'name or }' : 'value or ]'
      } else {
        length = match(STRING, text, at) || match(ATOM, text, at)
        if (length > 0) expected = afterValue()
      }
    } else if (expected.startsWith('name')) {
      length = match(STRING, text, at)
      if (length > 0) expected = 'colon'
    } else if (expected === 'colon' && char === ':') {
      expected = 'value'
    } else if (expected.startsWith('comma') && char === ',') {
      expected = expected === 'comma or }' ? 'name' : 'value'
    } else {
      length = 0
    }
    if (length === 0) return { at, why: reason(expected, char) }
    at += length
    at += match(SPACE, text, at)
  }
  return expected === 'end' ? null : { at, why: reason(expected, undefined) }
}

const reason = (expected: Expected, char: string | undefined): string => {
  const isText = char === '"' && (expected.startsWith('value') || expected.startsWith('name'))
  return isText ? 'this text has no end, or a character that must be escaped' : EXPECTED[expected]
}
