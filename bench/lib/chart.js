// A bar chart of one row as a plain SVG file that reads on light and dark pages.
import { isOurs } from './judge.js'
import { readable } from './text.js'

const WIDTH = 860
const LEFT = 370
const BAR = 26
const GAP = 14
const TOP = 52

/** @param {string} text */
const escapeText = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** @param {import('./types.js').Row} row */
export const drawChart = (row) => {
  const largest = Math.max(...row.systems.map(({ value }) => value))
  const height = TOP + row.systems.length * (BAR + GAP) + 10
  const bars = row.systems.map(({ system, durability, value }, index) => {
    const y = TOP + index * (BAR + GAP)
    const width = Math.max(2, (value / largest) * (WIDTH - LEFT - 120))
    const label = `${system} · ${durability}`
    return [
      `<text class="label" x="${LEFT - 12}" y="${y + 17}" text-anchor="end">${escapeText(label)}</text>`,
      `<rect class="${isOurs(system) ? 'ours' : 'peer'}" x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="4"/>`,
      `<text class="figure" x="${(LEFT + width + 10).toFixed(1)}" y="${y + 18}">${readable(value)} ${escapeText(row.unit)}</text>`,
    ].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(row.title)}">
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 } .label, .note { fill: #59636e } .figure { font-weight: 600 }
.ours { fill: #2563eb } .peer { fill: #9aa4af }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .label, .note { fill: #9198a1 } .ours { fill: #6ea8ff } .peer { fill: #5a636d } }
</style>
<text class="title" x="0" y="20">${escapeText(row.title)}</text>
<text class="note" x="0" y="40">${row.better === 'more' ? 'more is better' : 'less is better'}</text>
${bars.join('\n')}
</svg>
`
}
