import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mailSchema } from '../../../src/tasks/email/payload.ts'
import { mail, problems } from './support.ts'

const plain = { to: 'ada@example.com', subject: 'Hi', text: 'Hello' }
const normal = {
  to: [{ name: '', address: 'ada@example.com' }],
  cc: [],
  bcc: [],
  replyTo: [],
  subject: 'Hi',
  text: 'Hello',
  references: [],
  attachments: [],
  headers: [],
  category: 'transactional',
}

describe('all shapes of a mail come to one form', () => {
  test.each([
    ['Nodemailer', plain],
    ['the first Go system', { To: 'ada@example.com', subject: 'Hi', body: 'Hello' }],
    ['the second Go system', { to: 'ada@example.com', subject: 'Hi', body: 'Hello' }],
    ['the Python system', { to: 'ada@example.com', subject: 'Hi', message: 'Hello' }],
    ['the Python system, as it sends it', '{"to":"ada@example.com","subject":"Hi","message":"Hello"}'],
    ['any letter case', { TO: ['ada@example.com'], SUBJECT: 'Hi', Text: 'Hello' }],
    [
      'body with its type',
      { to: { address: 'ada@example.com' }, subject: 'Hi', body: 'Hello', bodyType: 'text' },
    ],
    ['null for nothing', { ...plain, cc: null, html: null, attachments: undefined }],
    ['two names that agree', { ...plain, body: 'Hello', To: 'ada@example.com' }],
  ])('%s', (_, payload) => {
    expect(mail(payload)).toEqual(normal)
  })

  test('html only with bodyType html', () => {
    expect(mail({ to: 'a@b.c', subject: '', body: '<b>x</b>' })).toMatchObject({ text: '<b>x</b>' })
    const html = mail({ to: 'a@b.c', subject: '', message: '<b>x</b>', body_type: 'HTML' })
    expect(html).toMatchObject({ html: '<b>x</b>' })
    expect(html).not.toHaveProperty('text')
  })

  test('snake_case and kebab-case', () => {
    expect(
      mail({ ...plain, reply_to: 'r@b.c', 'in-reply-to': '<x@y>', expires_at: '2030-01-01T00:00:00Z' }),
    ).toMatchObject({
      replyTo: [{ name: '', address: 'r@b.c' }],
      inReplyTo: '<x@y>',
      expiresAt: '2030-01-01T00:00:00.000Z',
    })
  })

  test('the one form reads as itself', () => {
    const full = mail({
      from: '"Ä \\"x\\"" <a@bücher.example>',
      to: ['"B, C" <b@example.com>', 'jürgen@example.com'],
      cc: 'c@example.com',
      bcc: { name: 'D', address: 'd@example.com' },
      replyTo: ['r@example.com'],
      subject: 'Grüße',
      text: 'text',
      html: '<p>html</p>',
      inReplyTo: 'x@y',
      references: '<a@b> <c@d>',
      headers: { 'X-A': ['1', '2'], 'List-Id': 'x' },
      attachments: [
        {
          filename: 'ä.txt',
          content: 'hellö',
          encoding: 'utf8',
          contentType: 'text/plain; charset=utf-8',
          cid: '<i@x>',
        },
      ],
      category: 'bulk',
      expiresAt: 1_900_000_000_000,
    })
    expect(mail(full)).toEqual(full)
    expect(mail(JSON.stringify(full))).toEqual(full)
    expect(full.attachments[0]).toEqual({
      filename: 'ä.txt',
      contentType: 'text/plain; charset=utf-8',
      cid: 'i@x',
      disposition: 'inline',
      content: Buffer.from('hellö').toString('base64'),
      encoding: 'base64',
    })
  })

  test('a recipient counts once, where it is named first', () => {
    const one = mail({
      ...plain,
      to: ['A@X.example', 'A@x.EXAMPLE', 'a@x.example'],
      cc: 'A@x.example',
      bcc: 'b@x.example',
    })
    expect(one.to.map(({ address }) => address)).toEqual(['A@x.example', 'a@x.example'])
    expect([one.cc.length, one.bcc.length]).toEqual([0, 1])
  })
})

describe("what is wrong is named in the caller's spelling", () => {
  test.each([
    [{}, ['to: is missing', 'subject: is missing']],
    [{ to: [], subject: '', text: 'x' }, ['to: is missing']],
    [{ to: 'a@b.c', subject: 'x' }, ['text: is missing: a mail needs text, html or an attachment']],
    [[], [': must be an object with to, subject and text or html']],
    [null, [': must be an object with to, subject and text or html']],
    [17, [': must be an object with to, subject and text or html']],
    ['no json', [': is text, but not the text of a JSON object']],
    ['"text"', [': must be an object with to, subject and text or html']],
    [{ ...plain, To: 'b@example.com' }, ['To: says something else than "to"; give only one of them']],
    [
      { to: 'a@b.c', subject: 'x', body: 'a', message: 'b' },
      ['message: says something else than "body"; give only one of them'],
    ],
    [{ ...plain, body: 'other' }, ['body: says something else than "text"; give only one of them']],
    [
      { ...plain, body: '<p>', html: '<b>', bodyType: 'html' },
      ['body: says something else than "html"; give only one of them'],
    ],
    [{ ...plain, bodyType: 'html' }, ['bodyType: needs a body; text and html need no type']],
    [{ ...plain, Body: 'Hello', bodyType: 'markdown' }, ['bodyType: must be "text" or "html"']],
    [{ ...plain, colour: 'red' }, ['colour: is not a known field']],
    [{ ...plain, subject: 17 }, ['subject: must be text']],
    [{ ...plain, subject: 'x'.repeat(256) }, ['subject: has more than 255 characters']],
    [
      { ...plain, text: { path: '/etc/hostname' } },
      ['text: must be text; files, streams and objects are not accepted'],
    ],
    [
      { ...plain, html: { path: '/etc/hostname' } },
      ['html: must be text; files, streams and objects are not accepted'],
    ],
    [{ ...plain, text: 'a\0b' }, ['text: contains a NUL character or half of a surrogate pair']],
    [
      { ...plain, to: [17] },
      ['to.0: must be an address: "a@b.example", "Name <a@b.example>", or { name, address }'],
    ],
    [{ ...plain, To_: 1 }, ['To_: says something else than "to"; give only one of them']],
    [{ ...plain, to: { address: 'a@b.c', group: [] } }, ['to.group: is not a known field of an address']],
    [{ ...plain, from: ['a@b.c', 'd@e.f'] }, ['from: holds 2 addresses; at most 1 are possible']],
    [{ ...plain, category: 'spam' }, ['category: must be "transactional" or "bulk"']],
    [{ ...plain, expiresAt: 'tomorrow' }, ['expiresAt: must be a time such as "2030-01-31T12:00:00Z"']],
    [
      { ...plain, expiresAt: '2030-01-31T12:00:00' },
      ['expiresAt: must be a time such as "2030-01-31T12:00:00Z"'],
    ],
    [
      { ...plain, inReplyTo: 'x y' },
      ['inReplyTo: must be the Message-ID of a mail, such as <id@example.com>'],
    ],
    [
      { ...plain, references: '<a@b>\r\nBcc: x@y.z' },
      ['references: must be the Message-ID of a mail, such as <id@example.com>'],
    ],
  ])('%j', (payload, expected) => {
    expect(problems(payload)).toEqual(expected)
  })

  test.each([
    'raw',
    'envelope',
    'messageId',
    'date',
    'sender',
    'template',
    'list',
    'dkim',
    'sendWindow',
    'tracking',
  ])('a field that does not work is refused, not ignored: %s', (field) => {
    expect(problems({ ...plain, [field]: 'x' })).toEqual([expect.stringMatching(`^${field}: `)])
  })

  test('keys of the prototype are keys like others', () => {
    expect(problems(JSON.parse('{"to":"a@b.c","subject":"x","text":"y","__proto__":{"html":"z"}}'))).toEqual([
      '__proto__: is not a known field',
    ])
    expect(problems({ ...plain, constructor: 'x' })).toEqual(['constructor: is not a known field'])
  })

  test('recipients are bounded after duplicates were removed', () => {
    const some = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, n) => `${prefix}${n}@x.example`)
    expect(problems({ ...plain, to: some(50, 'a') })).toEqual([])
    expect(problems({ ...plain, to: [...some(50, 'a'), ...some(50, 'a')] })).toEqual([])
    expect(problems({ ...plain, to: some(49, 'a'), bcc: some(2, 'b') })).toEqual([
      'to: and cc and bcc hold 51 recipients; at most 50 are possible',
    ])
    expect(problems({ ...plain, to: some(101, 'a') })).toEqual([
      'to: holds 101 addresses; at most 100 are possible',
    ])
  })

  test('as many problems as are useful, not thousands', () => {
    const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n]))
    expect(problems({ ...plain, ...keys })).toHaveLength(20)
  })
})

describe('headers', () => {
  test('lists and objects', () => {
    const expected = [
      { name: 'X-Order', value: '17' },
      { name: 'X-Many', value: 'a' },
      { name: 'X-Many', value: 'b' },
    ]
    expect(mail({ ...plain, headers: { 'X-Order': '17', 'X-Many': ['a', 'b'] } }).headers).toEqual(expected)
    const list = expected.map(({ name, value }) => ({ key: name, value }))
    expect(mail({ ...plain, headers: list }).headers).toEqual(expected)
  })

  test.each([
    'From',
    'to',
    'CC',
    'Bcc',
    'Sender',
    'Return-Path',
    'Date',
    'Message-ID',
    'DKIM-Signature',
    'Content-Type',
    'Content-Transfer-Encoding',
    'MIME-Version',
    'Received',
    'Resent-To',
    'Reply-To',
    'Subject',
    'ARC-Seal',
  ])('%s cannot be set', (name) => {
    expect(problems({ ...plain, headers: { [name]: 'x' } })).toEqual([
      expect.stringContaining('cannot be set'),
    ])
  })

  test.each([
    [{ 'X-A': 'a\r\nBcc: evil@x.com' }, 'U+000D'],
    [{ 'X-A': 'a\nb' }, 'U+000A'],
    [{ 'X-A': 'a\0b' }, 'U+0000'],
    [{ 'X-A': { prepared: true, value: 'a\r\nBcc: evil@x.com' } }, 'text value'],
    [{ 'X-A': 17 }, 'text value'],
    [{ 'X-A': 'x'.repeat(999) }, '998'],
    [{ 'X-A\r\nBcc': 'evil@x.com' }, 'no header name'],
    [{ 'X-A: b\r\nBcc': 'evil@x.com' }, 'no header name'],
    [{ 'From: ceo@example.com (': ')' }, 'no header name'],
    [{ 'X A': 'x' }, 'no header name'],
    [{ '': 'x' }, 'no header name'],
    [[{ value: 'x' }], 'no header name'],
    ['X-A: b', 'must be an object'],
    [Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`X-${n}`, 'x'])), 'more than 50'],
    [{ 'X-A': Array.from({ length: 51 }, () => 'x') }, 'more than 50'],
  ])('%j is refused', (headers, why) => {
    expect(problems({ ...plain, headers }).join()).toContain(why)
  })
})

describe('attachments', () => {
  const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64')

  test('base64, text, and the bytes form', () => {
    const attachments = [
      { content: 'aGk=' },
      { content: 'hi', encoding: 'utf8' },
      { content: { $base64: 'aGk=' } },
    ]
    expect(mail({ ...plain, attachments }).attachments.map(({ content }) => content)).toEqual([
      'aGk=',
      'aGk=',
      'aGk=',
    ])
  })

  test('blobs, with the name and type of their reference or of the attachment', () => {
    const $blob = `sha256:${'a'.repeat(64)}`
    const read = mail({
      ...plain,
      attachments: [
        { content: { $blob } },
        { content: { $blob, name: 'a.pdf', type: 'application/pdf' } },
        {
          content: { $blob, name: 'a.pdf', type: 'application/pdf' },
          filename: 'b.txt',
          contentType: 'text/plain',
        },
      ],
    })
    expect(read.attachments).toMatchObject([
      { content: { $blob } },
      { content: { $blob }, filename: 'a.pdf', contentType: 'application/pdf' },
      { content: { $blob }, filename: 'b.txt', contentType: 'text/plain' },
    ])
    expect(mail(JSON.parse(JSON.stringify(read)))).toEqual(read)
    for (const content of [
      { $blob: 'sha256:x' },
      { $blob, path: '/etc/hostname' },
      { $blob, name: 'a\r\nb' },
      { $blob, type: 'multipart/mixed' },
    ]) {
      expect(problems({ ...plain, attachments: [{ content }] }).join()).toMatch(/^attachments\.0\.content: /)
    }
  })

  test('an attachment alone makes a mail', () => {
    expect(problems({ to: 'a@b.c', subject: 'x', attachments: [{ content: 'aGk=' }] })).toEqual([])
  })

  test('64 KB are possible, a byte more is not', () => {
    expect(problems({ ...plain, attachments: [{ content: base64(65_536) }] })).toEqual([])
    expect(problems({ ...plain, attachments: [{ content: base64(65_537) }] }).join()).toContain(
      'larger than 64 KB',
    )
    expect(
      problems({ ...plain, attachments: [{ content: 'ü'.repeat(40_000), encoding: 'utf8' }] }).join(),
    ).toContain('64 KB')
  })

  test.each([
    [{ path: '/etc/hostname' }, 'path: is not accepted'],
    [{ href: 'http://169.254.169.254/' }, 'href: is not accepted'],
    [{ raw: 'Content-Type: x' }, 'raw: is not accepted'],
    [{ content: 'aGk=', headers: {} }, 'headers: are not available'],
    [{ content: { path: '/etc/hostname' } }, 'content: must be text'],
    [{ content: { type: 'Buffer', data: [1] } }, 'content: must be text'],
    [{ content: ['aGk='] }, 'content: must be text'],
    [{}, 'content: must be text'],
    [{ content: 'hello' }, 'content: is not valid base64'],
    [{ content: 'aGk=', encoding: 'hex' }, 'encoding: must be'],
    [{ content: 'aGk=', filename: 'a\r\nb' }, 'filename: contains'],
    [{ content: 'aGk=', filename: '' }, 'filename: must have 1 to 255'],
    [{ content: 'aGk=', contentType: 'text/plain\r\nBcc: x@y.z' }, 'contentType: is no media type'],
    [{ content: 'aGk=', contentType: 'multipart/mixed; boundary=x' }, 'contentType: cannot be'],
    [{ content: 'aGk=', contentType: 'message/rfc822' }, 'contentType: cannot be'],
    [{ content: 'aGk=', cid: 'a b' }, 'cid: is no valid content id'],
    [{ content: 'aGk=', cid: 'a>\r\nX: y' }, 'cid: is no valid content id'],
    [{ content: 'aGk=', disposition: 'form-data' }, 'disposition: must be'],
    [{ content: 'aGk=', colour: 'red' }, 'colour: is not a known field'],
    ['/etc/hostname', 'must be an object'],
  ])('%j is refused', (attachment, why) => {
    expect(problems({ ...plain, attachments: [attachment] }).join()).toContain(
      `attachments.0${why.includes(':') ? '.' : ': '}${why}`,
    )
  })

  test('21 are too many', () => {
    const attachments = Array.from({ length: 21 }, () => ({ content: 'aGk=' }))
    expect(problems({ ...plain, attachments })).toEqual([
      'attachments: holds 21 attachments; at most 20 are possible',
    ])
  })
})

describe('header injection', () => {
  const ATTACKS = [
    '\r\nBcc: evil@x.com',
    '\nBcc: evil@x.com',
    '\rBcc: evil@x.com',
    '\0',
    '\x7f',
    '\x1b[2J',
    '\u0085x',
    '\ud800',
  ]
  const PLACES: Record<string, (attack: string) => object> = {
    to: (a) => ({ to: `u@x.example${a}` }),
    'to in a list': (a) => ({ to: ['ok@x.example', `u@x.example${a}`] }),
    'to as an object': (a) => ({ to: { address: `u@x.example${a}` } }),
    'name in text': (a) => ({ to: `Ada${a} <u@x.example>` }),
    'quoted name': (a) => ({ to: `"Ada${a}" <u@x.example>` }),
    'name in an object': (a) => ({ cc: { name: `Ada${a}`, address: 'u@x.example' } }),
    from: (a) => ({ from: `Ada${a} <u@x.example>` }),
    replyTo: (a) => ({ replyTo: `u@x.example${a}` }),
    bcc: (a) => ({ bcc: [`u@x.example${a}`] }),
    subject: (a) => ({ subject: `Hi${a}` }),
    'header name': (a) => ({ headers: { [`X-A${a}`]: 'x' } }),
    'header value': (a) => ({ headers: { 'X-A': `x${a}` } }),
    'header in a list': (a) => ({ headers: [{ key: 'X-A', value: `x${a}` }] }),
    inReplyTo: (a) => ({ inReplyTo: `<a@b${a}>` }),
    references: (a) => ({ references: [`<a@b${a}>`] }),
    filename: (a) => ({ attachments: [{ content: 'aGk=', filename: `a${a}.txt` }] }),
    contentType: (a) => ({ attachments: [{ content: 'aGk=', contentType: `text/plain${a}` }] }),
    cid: (a) => ({ attachments: [{ content: 'aGk=', cid: `a${a}` }] }),
  }
  test.each(Object.keys(PLACES))('is refused in: %s', (place) => {
    for (const attack of ATTACKS)
      expect(problems({ ...plain, ...PLACES[place]?.(attack) }), JSON.stringify(attack)).not.toEqual([])
  })
})

test('whatever is given, the schema answers and never throws', () => {
  fc.assert(
    fc.property(
      fc.anything(),
      fc.dictionary(
        fc.constantFrom(
          'to',
          'To',
          'from',
          'subject',
          'body',
          'html',
          'headers',
          'attachments',
          'references',
          'expiresAt',
          'category',
        ),
        fc.anything(),
      ),
      (anything, object) => {
        for (const value of [anything, object]) {
          const result = mailSchema['~standard'].validate(value)
          if (!('issues' in result)) expect(mail(result.value)).toEqual(result.value)
        }
      },
    ),
    { numRuns: 2_000 },
  )
})
