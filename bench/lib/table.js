// From raw rows to a table that people read.

/**
 * @typedef {object} Row
 * @property {string} case
 * @property {string} title
 * @property {string} unit
 * @property {'more' | 'less'} better
 * @property {string} goal
 * @property {{ system: string, value: number, all: number[], more: Record<string, number> }[]} systems
 */

/** What each system promises for an acknowledged job. */
export const DURABILITY = /** @type {Record<string, string>} */ ({
  posthaste: 'synced (FULL)',
  plainjob: 'not synced (NORMAL)',
  'plainjob-full': 'synced (FULL)',
})

/** Ratio of ours to each other system, as "times better". @param {Row[]} rows @returns {Map<string, Map<string, number>>} */
export const judge = (rows) =>
  new Map(
    rows.map((row) => {
      const ours = row.systems.find(({ system }) => system === 'posthaste')?.value ?? Number.NaN
      return [
        row.case,
        new Map(
          row.systems
            .filter(({ system }) => system !== 'posthaste')
            .map(({ system, value }) => [system, row.better === 'more' ? ours / value : value / ours]),
        ),
      ]
    }),
  )

/** @param {number} value */
export const readable = (value) =>
  value >= 1_000
    ? Math.round(value).toLocaleString('en-US')
    : value >= 100
      ? String(Math.round(value))
      : value.toFixed(2)

/**
 * @param {Record<string, unknown>} machine
 * @param {Row[]} rows
 * @param {Map<string, Map<string, number>>} verdicts
 */
export const toMarkdown = (machine, rows, verdicts) => {
  const lines = [
    '# SQLite',
    '',
    `Median of ${machine['rounds']} on ${machine['cores']} cores, Node ${machine['node']}, ${String(machine['at']).slice(0, 10)}.`,
    'Repeat with `npm run bench`. A ratio above 1 means that Posthaste is better.',
    '',
    '| case | system | durability | figure | spread | ratio | goal |',
    '|---|---|---|---|---|---|---|',
  ]
  for (const row of rows) {
    for (const { system, value, all, more } of row.systems) {
      const extra = Object.entries(more).map(([name, number]) => `${name} ${readable(number)}`)
      const ratio = verdicts.get(row.case)?.get(system)
      lines.push(
        `| ${system === 'posthaste' ? row.title : ''} | ${system} | ${DURABILITY[system] ?? ''} | ${readable(value)} ${row.unit}${
          extra.length === 0 ? '' : ` (${extra.join(', ')})`
        } | ${readable(Math.min(...all))}–${readable(Math.max(...all))} | ${
          ratio === undefined ? '' : `${ratio.toFixed(2)} ×`
        } | ${system === 'posthaste' ? row.goal : ''} |`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}
