// A rate for each tenant, which nobody else pays for: `npm run build`, then `node examples/per-tenant-rate-limit.js`.
import { posthaste, task } from 'posthaste'

const send = task({
  name: 'send',
  queue: 'mail',
  group: ({ tenant }) => tenant,
  run: ({ tenant, number }) => console.log(`${tenant} ${number}`),
})

const ph = await posthaste({
  engine: 'memory:',
  tasks: [send],
  // Every tenant may send 2 mails in any 2 seconds; an operator may change that at any time.
  limits: [{ queue: 'mail', groups: true, rate: { max: 2, per: '2s' } }],
})

// One tenant is first and has much to send, another has little.
const big = await ph.addMany(
  [1, 2, 3, 4].map((number) => ({ task: send, payload: { tenant: 'big', number } })),
)
const small = await ph.addMany([1, 2].map((number) => ({ task: send, payload: { tenant: 'small', number } })))
ph.work({ concurrency: 1 })
// They take turns; then the rate of the big one lets nothing go for a while.
for (const { id } of small) await ph.waitFor(id)
console.log((await ph.explain(big[2]?.id ?? '')).summary)
for (const { id } of big) await ph.waitFor(id)

// This one tenant may send more, and is then stopped.
const { group, rate } = await ph.limits.set(
  { queue: 'mail', group: 'big' },
  { rate: { max: 100, per: '1m' } },
)
console.log(`${group}: ${rate?.max} in ${rate?.per} ms`)
await ph.pause({ queue: 'mail', group: 'big' }, { by: 'an operator' })
const late = await ph.add(send, { tenant: 'big', number: 5 })
console.log((await ph.explain(late.id)).next)
await ph.close()
