import { padEnd, padStart, truncate, widthOf } from './text.ts'

/** A column of a table. Cells are text without colours; `paint` colours them after they were measured and cut. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  readonly align?: 'left' | 'right'
  readonly paint?: (text: string, row: Row) => string
  /** When the table is too wide, columns are left out from the highest number on. Left out: it always stays. */
  readonly drop?: number
  /** The column may be cut to this many columns of the terminal. Left out: never cut. */
  readonly shrinkTo?: number
}

export interface TableStyle {
  /** Columns of the terminal; null when the output is not a terminal: nothing is cut or left out then. */
  readonly width: number | null
  /** Colours the titles. */
  readonly head: (text: string) => string
}

const GAP = '  '

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, widths.length - 1)

/** Lines of an aligned table, head first. Fits the width by cutting and leaving out the columns that allow it. */
export const renderTable = <Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  style: TableStyle,
): string[] => {
  const { shown, widths } = fitWidth(measure(rows, columns), style.width)
  const line = (cells: readonly string[]): string => cells.join(GAP).trimEnd()
  const align = (column: Column<Row>, text: string, width: number): string =>
    column.align === 'right' ? padStart(text, width) : padEnd(text, width)

  const head = line(
    shown.map((column, index) =>
      style.head(align(column, truncate(column.title, widths[index] ?? 0), widths[index] ?? 0)),
    ),
  )
  const body = rows.map((row) =>
    line(
      shown.map((column, index) => {
        const width = widths[index] ?? 0
        const text = align(column, truncate(column.cell(row), width), width)
        // The last cell is not padded: a line with trailing blanks wraps on a narrow terminal.
        const trimmed = index === shown.length - 1 ? text.trimEnd() : text
        return column.paint === undefined ? trimmed : column.paint(trimmed, row)
      }),
    ),
  )
  return [head, ...body]
}

interface Measured<Row> {
  readonly shown: readonly Column<Row>[]
  readonly widths: readonly number[]
}

const measure = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Measured<Row> => ({
  shown: columns,
  widths: columns.map((column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(column.cell(row))), widthOf(column.title)),
  ),
})

/** First the columns that may be cut are cut, then the least important ones go. */
const fitWidth = <Row>(measured: Measured<Row>, width: number | null): Measured<Row> => {
  if (width === null || totalOf(measured.widths) <= width) return measured
  const least = measured.shown.map((column, index) =>
    Math.min(
      measured.widths[index] ?? 0,
      Math.max(column.shrinkTo ?? Number.POSITIVE_INFINITY, widthOf(column.title)),
    ),
  )
  if (totalOf(least) > width) {
    const last = mostDroppable(measured.shown)
    if (last === -1) return { shown: measured.shown, widths: least }
    const keep = (_: unknown, index: number): boolean => index !== last
    return fitWidth({ shown: measured.shown.filter(keep), widths: measured.widths.filter(keep) }, width)
  }
  // What is left over goes to the cut columns, from left to right.
  let spare = width - totalOf(least)
  const widths = least.map((minimum, index) => {
    const more = Math.min(spare, (measured.widths[index] ?? 0) - minimum)
    spare -= more
    return minimum + more
  })
  return { shown: measured.shown, widths }
}

const mostDroppable = <Row>(columns: readonly Column<Row>[]): number => {
  let found = -1
  columns.forEach((column, index) => {
    if ((column.drop ?? 0) > (columns[found]?.drop ?? 0)) found = index
  })
  return found
}
