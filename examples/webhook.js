// A webhook that must not be lost: signed, tried again while the receiver is down, checked by the receiver.
// `npm run build`, then `node examples/webhook.js`.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { posthaste } from 'posthaste'
import { httpPack } from 'posthaste/tasks/http'

// What both sides know. A worker of the command line reads it from the variable POSTHASTE_SECRET_SHOP.
const key = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/**
 * What a receiver does with the headers of Standard Webhooks.
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @param {string} body
 */
const isGenuine = (headers, body) => {
  const age = Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp']))
  const hmac = createHmac('sha256', Buffer.from(key.replace('whsec_', ''), 'base64'))
  hmac.update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  const expected = Buffer.from(`v1,${hmac.digest('base64')}`)
  const signatures = String(headers['webhook-signature'])
    .split(' ')
    .map((text) => Buffer.from(text))
  return (
    age < 300 && signatures.some((one) => one.length === expected.length && timingSafeEqual(one, expected))
  )
}

const seen = new Set()
let isUp = false
const receiver = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  if (!isUp) {
    isUp = true
    response.writeHead(503).end('back in a moment')
    return
  }
  if (!isGenuine(request.headers, body)) {
    response.writeHead(401).end()
    return
  }
  // The same id means the same event, however often it comes.
  const isNew = !seen.has(request.headers['webhook-id'])
  seen.add(request.headers['webhook-id'])
  console.log(`received ${body}, ${isNew ? 'new' : 'again'}`)
  response.writeHead(200, { 'content-type': 'text/plain' }).end('thanks')
})
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', () => resolve(null)))
const { port } = /** @type {import('node:net').AddressInfo} */ (receiver.address())

// Private addresses are refused unless they are allowed: a payload may come from anywhere.
const ph = await posthaste({
  engine: 'memory:',
  packs: [httpPack({ allow: [`127.0.0.1:${port}`], secrets: (name) => (name === 'SHOP' ? key : undefined) })],
})
ph.on('failed', (job) => console.log(`attempt ${job.attempt}: ${job.lastError?.code}`))
ph.work()

const url = `http://127.0.0.1:${port}/hooks`
const event = { type: 'order.paid', order: 1047 }
const job = await ph.add(
  'http',
  { url, body: event, sign: { keys: { $secret: 'SHOP' } } },
  { backoff: { base: '50ms' } },
)
const done = await ph.waitFor(job.id)
const output = /** @type {import('posthaste/tasks/http').HttpOutput} */ (done.output)
console.log(`${done.state} after ${done.attempt} attempts: ${output.status} ${output.body}`)

const metadata = await ph.add('http', { url: 'http://169.254.169.254/latest/meta-data/' })
const refused = await ph.waitFor(metadata.id)
console.log(`${refused.state}: ${refused.lastError?.code}`)

await ph.close()
receiver.close()
