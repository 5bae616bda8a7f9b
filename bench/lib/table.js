// From rows to a table that people read.
import { isOurs, judge, OURS, verdictText } from './judge.js'
import { readable } from './text.js'

/** How many times better ours is. @param {import('./types.js').Row} row @param {import('./types.js').RowSystem} other */
const ratioTo = (row, { system, value }) => {
  const ours = row.systems.find((one) => one.system === OURS)?.value
  if (ours === undefined || isOurs(system)) return ''
  const ratio = row.better === 'more' ? ours / value : value / ours
  return Number.isFinite(ratio) ? `${readable(ratio)} ×` : ''
}

/** @param {string} engine @param {import('./types.js').Row} row @param {readonly import('./types.js').Row[]} rows */
const linesOf = (engine, row, rows) =>
  row.systems.map((one, index) => {
    const extra = Object.entries(one.more).map(([name, number]) => `${name} ${readable(number)}`)
    const goals = index === 0 ? judge(engine, row, rows).map(verdictText).join('; ') : ''
    const cells = [
      index === 0 ? `${row.case}: ${row.title}` : '',
      one.system,
      one.durability,
      `${readable(one.value)} ${row.unit}${extra.length === 0 ? '' : ` (${extra.join(', ')})`}`,
      `${readable(Math.min(...one.all))}–${readable(Math.max(...one.all))} (${row.rounds})`,
      ratioTo(row, one),
      goals,
    ]
    return `| ${cells.join(' | ')} |`
  })

/**
 * @param {import('./results.js').Results} results
 * @returns {string}
 */
export const toMarkdown = ({ engine, machine, rows }) => {
  const verdicts = rows.flatMap((row) => judge(engine, row, rows)).filter(({ met }) => met !== undefined)
  const met = verdicts.filter((verdict) => verdict.met).length
  const days = [...new Set(rows.map(({ at }) => at.slice(0, 10)))].join(', ')
  return [
    `# ${machine.title}`,
    '',
    `${machine.about}. Medians on ${machine.cores} cores (${machine.model}), Node ${machine.node}, ${days}.`,
    ...(machine.note === '' ? [] : [`${machine.note}`]),
    `Repeat with \`npm run bench -- --engine ${engine}\`. A ratio above 1 means that Posthaste is better.`,
    '',
    `**${met} of ${verdicts.length} goals met.**`,
    '',
    '| case | system | durability | figure | spread (rounds) | ours to it | goals |',
    '|---|---|---|---|---|---|---|',
    ...rows.flatMap((row) => linesOf(engine, row, rows)),
    '',
  ].join('\n')
}
