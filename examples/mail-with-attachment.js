// A mail with an attachment from the blob store, captured here, and the demonstration task beside it. `npm run build`, then
// `node examples/mail-with-attachment.js`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { echoPack } from 'posthaste/tasks/echo'
import { emailPack } from 'posthaste/tasks/email'

const mailboxDir = await mkdtemp(join(tmpdir(), 'posthaste-mailbox-'))
// Without `smtpUrl: 'capture://'` the variable SMTP_URL decides where mail goes.
const packs = [echoPack(), emailPack({ mailboxDir, smtpUrl: 'capture://' })]
const ph = await posthaste({ engine: 'memory:', packs })
ph.work()

const { hash } = await ph.blobs.put('amount,country\n10,DE\n')
const mail = await ph.add('email', {
  to: 'Ada <ada@example.com>',
  subject: 'Report',
  text: 'Attached.',
  attachments: [{ content: { $blob: hash, name: 'report.csv' } }],
})
const sent = await ph.waitFor(mail.id)
console.log(`mail: ${sent.state}`)

const gone = await ph.add('email', {
  to: 'ada@example.com',
  subject: 'Report',
  text: 'Attached.',
  attachments: [{ content: { $blob: `sha256:${'0'.repeat(64)}`, name: 'report.csv' } }],
})
const failed = await ph.waitFor(gone.id)
console.log(`mail: ${failed.state}, ${failed.lastError?.code}`)

const echo = await ph.waitFor((await ph.add('echo', { hello: 'world' })).id)
console.log('echo:', echo.output)

await ph.close()
await rm(mailboxDir, { recursive: true })
