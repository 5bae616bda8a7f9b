// Whether a row reached its goals.
import { GOALS } from '../goals.js'
import { readable } from './text.js'

/** @typedef {import('./types.js').Row} Row */
/** @typedef {import('./types.js').Goal} Goal */

export const OURS = 'posthaste'
const BEST_PEER = 'best peer'

/** @param {string} system */
export const isOurs = (system) => system === OURS || system.startsWith(`${OURS}-`)

/** Our own figure of a row, or one of those beside it. @param {Row | undefined} row @param {string} [figure] */
const figureOf = (row, figure) => {
  const ours = row?.systems.find(({ system }) => system === OURS)
  return figure === undefined ? ours?.value : ours?.more[figure]
}

/** @param {Row} row @param {string} name */
const peerFigure = (row, name) => {
  const peers = row.systems.filter(({ system }) => (name === BEST_PEER ? !isOurs(system) : system === name))
  const values = peers.map(({ value }) => value)
  if (values.length === 0) return undefined
  return row.better === 'more' ? Math.max(...values) : Math.min(...values)
}

/** @param {Row} row @param {Goal} goal */
const textOf = ({ unit }, { atLeast, atMost, times, timesCase, figure }) => {
  const bound = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`
  if (times !== undefined) return `${bound} × ${times}`
  if (timesCase !== undefined) return `${bound} × ${timesCase}`
  return figure === undefined ? `${bound} ${unit}` : `${figure} ${bound}`
}

/**
 * The goals of a row, each with what was reached.
 *
 * @param {string} engine
 * @param {Row} row
 * @param {readonly Row[]} rows  All rows of the engine: some goals compare two.
 * @returns {import('./types.js').Verdict[]}
 */
export const judge = (engine, row, rows) => {
  const goals = GOALS[row.case]?.[/** @type {import('./types.js').EngineName} */ (engine)] ?? []
  return goals.map((goal) => {
    const own = figureOf(row, goal.figure)
    const base =
      goal.times !== undefined
        ? peerFigure(row, goal.times)
        : goal.timesCase !== undefined
          ? figureOf(rows.find((one) => one.case === goal.timesCase))
          : 1
    const reached = own === undefined || base === undefined ? undefined : own / base
    const met =
      reached === undefined
        ? undefined
        : goal.atLeast === undefined
          ? reached <= (goal.atMost ?? Number.POSITIVE_INFINITY)
          : reached >= goal.atLeast
    return { text: textOf(row, goal), reached, met }
  })
}

/** @param {import('./types.js').Verdict} verdict */
export const verdictText = ({ text, reached, met }) =>
  met === undefined || reached === undefined
    ? `${text}: not measured`
    : `${text}: ${reached < 10 ? Number(reached.toFixed(3)) : readable(reached)}, ${met ? 'met' : '**not met**'}`
