// A report from a CSV by SQL, and the same CSV made smaller line by line. Queries need: npm install @duckdb/node-api
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { posthaste } from 'posthaste'
import { dataPack } from 'posthaste/tasks/data'

await mkdir('tables', { recursive: true })
await writeFile('tables/orders.csv', 'country,amount\nDE,10\nFR,5\nDE,1\nFR,0\n')

const ph = await posthaste({ engine: 'memory:', packs: [dataPack({ files: 'tables' })] })
ph.work()
/** @param {import('posthaste/tasks/data').DataInput} payload */
const run = async (payload) => {
  const { id } = await ph.add('data', payload)
  return await ph.waitFor(id, { timeout: '30s' })
}

const report = await run({
  sql: 'SELECT country, sum(amount)::INT AS total FROM orders WHERE amount > $1 GROUP BY country ORDER BY country',
  inputs: { orders: { file: 'orders.csv' } },
  parameters: [0],
})
const { rows } = /** @type {import('posthaste/tasks/data').DataJobOutput} */ (report.output)
for (const { country, total } of rows ?? []) console.log(`${country}: ${total}`)

// Memory does not grow with the file: for CSVs of many gigabytes.
await run({
  input: { file: 'orders.csv' },
  transform: { where: [{ column: 'amount', is: 'above', value: 4 }], columns: ['amount', 'country'] },
  output: { format: 'csv', file: 'large-orders.csv' },
})
console.log((await readFile('tables/large-orders.csv', 'utf8')).trim().split('\r\n').join(' | '))

// A query sees the files that it is given, and nothing else.
const curious = await run({ sql: "SELECT * FROM read_text('/etc/hostname')" })
console.log(`${curious.state}: ${curious.lastError?.code}`)
await ph.close()
