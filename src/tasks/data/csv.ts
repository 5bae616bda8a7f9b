/** What a spreadsheet takes for the begin of a formula: OWASP, CSV injection. */
export const FORMULA = /^[=+\-@\t\r]/

/** A number begins with a sign, and is none. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/** One value as RFC 4180 writes it. */
const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** @param escapes whether text that a spreadsheet would run is written with a ' before it */
export const csvLine = (values: readonly string[], escapes: boolean): string =>
  `${values
    .map((value) => field(escapes && FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value))
    .join(',')}\r\n`
