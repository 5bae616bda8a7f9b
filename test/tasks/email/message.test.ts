import PostalMime from 'postal-mime'
import { describe, expect, test } from 'vitest'
import { messageIdFor, renderMessage } from '../../../src/tasks/email/message.ts'
import { mail } from './support.ts'

const identity = {
  jobId: '0190c0de-0000-7000-8000-000000000001',
  createdAt: new Date('2026-02-03T04:05:06.789Z'),
  from: { name: 'Bö, "x"', address: 'hello@example.com' },
}
const render = (payload: unknown) => renderMessage(mail(payload), identity)
const plain = { to: 'ada@example.com', subject: 'Hi', text: 'Hello' }

test('the same mail gives the same bytes on every attempt', async () => {
  const payload = {
    ...plain,
    html: '<p>x</p><img src="cid:i@x">',
    attachments: [
      { filename: 'a.txt', content: 'aGk=' },
      { cid: 'i@x', contentType: 'image/png', content: 'iVBORw0KGgo=' },
    ],
  }
  const [first, second] = [await render(payload), await render(payload)]
  expect(first.bytes.equals(second.bytes)).toBe(true)
  expect(first.messageId).toBe(`<${identity.jobId}.0@example.com>`)
  expect(messageIdFor(identity, 3)).toBe(`<${identity.jobId}.3@example.com>`)
  const other = await renderMessage(mail(payload), { ...identity, jobId: 'other' })
  expect(other.bytes.equals(first.bytes)).toBe(false)
})

test('everything arrives as it was given', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n))
  const { bytes: raw } = await render({
    to: ['"Lovelace, Ada" <ada@example.com>', 'b@bücher.example'],
    cc: { name: 'Ünï <b>', address: 'c@example.com' },
    bcc: 'hidden@example.com',
    replyTo: 'r@example.com',
    subject: `Grüße 🚀 ${'lang '.repeat(40)}`.trim(),
    text: 'Zeile 1\nZeile 2 ✓\r\nZeile 3',
    html: '<p>ünï</p>',
    inReplyTo: '<q@x>',
    references: ['<a@b>', '<c@d>'],
    headers: { 'X-Many': ['eins', 'zwei ü'] },
    attachments: [
      { filename: 'größe "1".bin', content: bytes.toString('base64') },
      { filename: 'n.csv', content: 'a,b\n', encoding: 'utf8', contentType: 'text/csv' },
    ],
  })
  const email = await PostalMime.parse(raw, { attachmentEncoding: 'base64' })
  expect(email.from).toEqual({ name: 'Bö, "x"', address: 'hello@example.com' })
  expect(email.to).toEqual([
    { name: 'Lovelace, Ada', address: 'ada@example.com' },
    { name: '', address: 'b@xn--bcher-kva.example' },
  ])
  expect(email.cc).toEqual([{ name: 'Ünï <b>', address: 'c@example.com' }])
  expect(email.replyTo).toEqual([{ name: '', address: 'r@example.com' }])
  expect(email.subject).toBe(`Grüße 🚀 ${'lang '.repeat(40)}`.trim())
  expect(email.text?.trimEnd()).toBe('Zeile 1\nZeile 2 ✓\nZeile 3')
  expect(email.html?.trimEnd()).toBe('<p>ünï</p>')
  expect(email.inReplyTo).toBe('<q@x>')
  expect(email.references).toBe('<a@b> <c@d>')
  expect(email.date).toBe('2026-02-03T04:05:06.000Z')
  expect(email.messageId).toBe(`<${identity.jobId}.0@example.com>`)
  expect(email.attachments.map(({ filename, content }) => [filename, content])).toEqual([
    ['größe "1".bin', bytes.toString('base64')],
    ['n.csv', Buffer.from('a,b\n').toString('base64')],
  ])
  expect(raw.toString('latin1')).not.toMatch(/bcc|hidden/i)
})

test('says that a program sent it, or that it is bulk; the payload may say more', async () => {
  const headers = async (payload: object) => (await render({ ...plain, ...payload })).bytes.toString('latin1')
  expect(await headers({})).toMatch(/^Auto-Submitted: auto-generated\r$/m)
  expect(await headers({ category: 'bulk' })).toMatch(/^Precedence: bulk\r$/m)
  const own = await headers({ headers: { 'auto-submitted': 'no' } })
  expect(own.match(/auto-submitted/gi)).toHaveLength(1)
})

describe('nothing in a body disturbs the message', () => {
  test.each([
    ['lone line ends', 'a\n.\nb\r.\rc\r\n.\r\nMAIL FROM:<evil@x.com>\r\n'],
    ['control characters', 'a\x01\x1b[31m\x7f\fb'],
    ['a very long line', 'x'.repeat(5_000)],
    ['a very long word beyond ASCII', 'ü🚀'.repeat(3_000)],
    ['what looks like a part boundary', '--_NmP-x-Part_1\r\nContent-Type: text/html\r\n\r\n<script>'],
    ['headers', 'Bcc: evil@x.com\r\n\r\n'],
    ['nothing', ' '],
  ])('%s', async (_, text) => {
    const raw = (await render({ ...plain, text, html: text })).bytes
    const wire = raw.toString('latin1')
    expect(wire).not.toMatch(/[^\r]\n|\r[^\n]/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not be on the wire.
    expect(wire).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]/)
    expect(Math.max(...wire.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998)
    const email = await PostalMime.parse(raw)
    const unified = (value: string | undefined) => value?.replace(/\r\n|\r|\n/g, '\n').trimEnd()
    expect(unified(email.text)).toBe(unified(text))
    expect(email.headers.map(({ key }) => key)).not.toContain('bcc')
  })
})
