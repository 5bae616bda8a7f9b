// A job that exists if, and only if, your own row does: `npm run build`, then `node examples/job-in-your-transaction.js`.
// On PostgreSQL it is the same with `tx` of your library: see docs/transactions.md.
import { DatabaseSync } from '@photostructure/sqlite' // or, with a recent Node.js, from 'node:sqlite'
import { posthaste, task } from 'posthaste'

const db = new DatabaseSync('./shop.db', { timeout: 5_000 })
db.exec('create table if not exists orders (id integer primary key, item text not null)')

const receipt = task({ name: 'receipt', run: (payload) => `Receipt for ${payload.item}` })
const ph = await posthaste({ engine: { sqlite: db }, tasks: [receipt] })

/** @param {string} item @param {boolean} isPaid */
const order = async (item, isPaid) => {
  db.exec('begin immediate')
  try {
    db.prepare('insert into orders (item) values (?)').run(item)
    const job = await ph.add(receipt, { item }, { tx: db })
    if (!isPaid) throw new Error(`Nobody paid for ${item}.`)
    db.exec('commit')
    return job
  } catch (error) {
    db.exec('rollback')
    throw error
  }
}

const job = await order('tea', true)
await order('coffee', false).catch((error) => console.log(error.message))

ph.work()
console.log((await ph.waitFor(job.id)).output)
console.log(
  `orders: ${db.prepare('select count(*) as n from orders').get().n}, jobs: ${(await ph.stats()).total}`,
)
await ph.close() // the handle stays open: it is yours
db.close()
