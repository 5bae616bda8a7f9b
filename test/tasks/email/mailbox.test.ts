import { describe, expect, test } from 'vitest'
import { CAPTURE_BOUNDS, CaptureStore } from '../../../src/tasks/email/capture/store.ts'
import type { MailboxInfo } from '../../../src/tasks/email/mailbox/layout.ts'
import { contentDisposition } from '../../../src/tasks/email/mailbox/responses.ts'
import { mailboxRoutes } from '../../../src/tasks/email/mailbox/routes.ts'
import { renderMessage } from '../../../src/tasks/email/message.ts'
import { mail, temporaryFolder } from './support.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='

/** A mailbox in a folder of its own, and a way to ask for its pages as a server would. */
async function mailbox(info: Partial<MailboxInfo> = {}) {
  const store = new CaptureStore(await temporaryFolder(), CAPTURE_BOUNDS)
  const routes = mailboxRoutes(store, { capturing: true, target: 'captured here', ...info })
  const get = async (path: string): Promise<Response> => {
    const url = new URL(path, 'http://127.0.0.1:8080')
    const given = url.pathname.split('/')
    for (const route of routes) {
      const wanted = route.path.split('/')
      if (wanted.length !== given.length) continue
      const params: Record<string, string> = {}
      const fits = wanted.every((part, index) => {
        if (!part.startsWith(':')) return part === given[index]
        params[part.slice(1)] = decodeURIComponent(given[index] ?? '')
        return true
      })
      if (fits) return route.handler(new Request(url), params)
    }
    throw new Error(`No route for ${path}`)
  }
  const keep = async (payload: object) => {
    const full = mail({
      from: 'a@example.com',
      to: 'ada@example.com',
      subject: 'Hi',
      text: 'Hello',
      ...payload,
    })
    const from = full.from ?? { name: '', address: 'a@example.com' }
    const { bytes } = await renderMessage(full, { jobId: 'job', createdAt: new Date(0), from })
    return store.add(bytes, {
      from: from.address,
      to: [...full.to, ...full.cc, ...full.bcc].map(({ address }) => address),
    })
  }
  const text = async (path: string) => (await get(path)).text()
  return { store, get, keep, text }
}

test('an empty mailbox teaches how to fill it', async () => {
  const { text } = await mailbox()
  const page = await text('/mailbox')
  expect(page).toContain('No mail yet')
  expect(page).toContain('posthaste submit --task email')
  expect(page).toContain('SMTP_URL')
  const sending = await (
    await mailbox({ capturing: false, target: 'sent through mail.example.com:587' })
  ).text('/mailbox')
  expect(sending).toContain('sent through mail.example.com:587')
  expect(sending).toContain('Mail goes out')
})

test('the list shows the newest first, in pages', async () => {
  const { keep, text, get } = await mailbox()
  for (let n = 0; n < 101; n++) await keep({ subject: `number ${n}` })
  const first = await text('/mailbox')
  expect(first.indexOf('number 100')).toBeLessThan(first.indexOf('number 99'))
  expect(first).not.toMatch(/number 0\b/)
  expect(first).toContain('Page 1 of 2')
  expect(await text('/mailbox?page=2')).toMatch(/number 0\b/)
  for (const odd of ['0', '-1', '3', 'x', '1e9', ''])
    expect((await get(`/mailbox?page=${odd}`)).status).toBe(200)
  const { messages, total, page, pages } = (await (await get('/mailbox.json?page=2')).json()) as Record<
    string,
    never[]
  >
  expect([messages?.length, total, page, pages]).toEqual([1, 101, 2, 2])
})

test('a message page shows who, what, and every view', async () => {
  const { keep, text, get } = await mailbox()
  const id = await keep({
    from: '"Böse & Co" <b@example.com>',
    bcc: 'hidden@example.com',
    subject: 'Grüße',
    text: 'plain\n  text',
    html: '<p>rich <a href="https://example.com/reset?a=1&amp;b=2">reset</a><a href="javascript:alert(1)">x</a></p>',
    headers: { 'X-Test': 'yes' },
    attachments: [{ filename: 'größe.txt', content: 'hi', encoding: 'utf8' }],
  })
  const page = await text(`/mailbox/${id}`)
  expect(page).toContain('<h1>Grüße</h1>')
  expect(page).toContain('Böse &amp; Co')
  expect(page).toContain('Bcc hidden@example.com')
  expect(page).toContain(`<iframe sandbox src="/mailbox/${id}/html"`)
  expect(page).toContain('größe.txt')
  expect(page).toContain('href="https://example.com/reset?a=1&amp;b=2"')
  expect(page).not.toContain('javascript:')
  expect(await text(`/mailbox/${id}?view=text`)).toContain('plain\n  text')
  expect(await text(`/mailbox/${id}?view=headers`)).toContain('X-Test')
  expect(await text(`/mailbox/${id}?view=source`)).toContain('MIME-Version: 1.0')
  expect(await text(`/mailbox/${id}?view=nonsense`)).toContain('<iframe')
  const json = await (await get(`/mailbox/${id}.json`)).json()
  expect(json).toMatchObject({
    id,
    subject: 'Grüße',
    envelope: { to: ['ada@example.com', 'hidden@example.com'] },
    attachments: [{ filename: 'größe.txt', size: 2, url: `/mailbox/${id}/attachments/0` }],
  })
})

test('text alone needs no frame; a damaged message shows its source', async () => {
  const { keep, text, store } = await mailbox()
  expect(await text(`/mailbox/${await keep({ text: 'only text' })}`)).toMatch(/<pre class="prose">only text/)
  const nested = Array.from(
    { length: 80 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
  ).join('')
  const id = await store.add(Buffer.from(nested), { from: '', to: [] })
  const page = await text(`/mailbox/${id}`)
  expect(page).toContain('boundary=b79')
  expect(page).toContain('(unknown sender)')
})

describe('nothing of a mail becomes part of the page', () => {
  const HOSTILE = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '</title></pre><script>alert(1)</script>',
    '<!--',
    '&lt;script&gt;',
    '${alert(1)}',
    '{{constructor.constructor("alert(1)")()}}',
    'javascript:alert(1)',
    '\u202eevil',
    '<iframe srcdoc="<script>alert(1)</script>">',
  ]
  test.each(HOSTILE)('%s', async (evil) => {
    const { keep, text } = await mailbox()
    const name = evil.replace(/[\p{Cc}]/gu, '')
    const id = await keep({
      from: { name, address: 'evil@example.com' },
      to: { name, address: 'ada@example.com' },
      subject: evil,
      text: evil,
      html: evil,
      headers: { 'X-Evil': evil },
      attachments: [{ filename: evil.slice(0, 60), content: evil, encoding: 'utf8' }],
    })
    const views = ['', ...['html', 'text', 'headers', 'source'].map((view) => `/${id}?view=${view}`)]
    for (const view of views) {
      const page = await text(`/mailbox${view}`)
      // Everything in the page that is markup is ours: what is left without it must be exactly the known elements.
      const elements = new Set(
        [...page.matchAll(/<([a-z!][a-z0-9]*)/gi)].map((found) => found[1]?.toLowerCase()),
      )
      for (const element of ['script', 'img']) expect(elements).not.toContain(element)
      expect(page.match(/<svg/g)?.length ?? 0).toBe(
        page.match(/<svg (?:class="clipped" )?viewBox=/g)?.length ?? 0,
      )
      expect(page.match(/<iframe/g)?.length ?? 0).toBe(
        page.match(/<iframe sandbox src="\/mailbox\/[0-9a-f-]+\/html" title=/g)?.length ?? 0,
      )
      expect(page).not.toMatch(/<[^>]*\son[a-z]+\s*=/i)
      expect(page).not.toMatch(/(?:href|src)="(?!\/mailbox|data:,|https?:)/i)
      expect(page).not.toMatch(/\sstyle=/i)
    }
  })
})

describe('what a browser is told', () => {
  const header = (response: Response, name: string) => response.headers.get(name) ?? ''

  test('pages run no script, load only what is ours, and cannot be framed', async () => {
    const { keep, get } = await mailbox()
    const id = await keep({ html: '<p>x</p>' })
    for (const path of ['/mailbox', `/mailbox/${id}`, '/mailbox/unknown']) {
      const response = await get(path)
      const policy = header(response, 'content-security-policy')
      for (const part of [
        "default-src 'none'",
        "script-src 'none'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]) {
        expect(policy).toContain(part)
      }
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
      expect(header(response, 'x-content-type-options')).toBe('nosniff')
      expect(header(response, 'referrer-policy')).toBe('no-referrer')
      expect(header(response, 'cache-control')).toBe('no-store')
    }
  })

  test('the mail in its frame has no origin, no scripts and no network', async () => {
    const { keep, get } = await mailbox()
    const html = '<script>alert(1)</script><img src="https://tracker.example/p.gif"><p>x</p>'
    const response = await get(`/mailbox/${await keep({ html })}/html`)
    expect(header(response, 'content-security-policy')).toBe(
      "default-src 'none'; img-src data: cid:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    )
    expect(header(response, 'content-type')).toBe('text/html; charset=utf-8')
    expect((await response.text()).trimEnd()).toBe(html)
  })

  test('images that travel with the mail are put in as data, others are left alone', async () => {
    const { keep, text } = await mailbox()
    const id = await keep({
      html: '<img src="cid:logo@x"><img src="cid:none@x"><img src="cid:script@x">',
      attachments: [
        { cid: 'logo@x', contentType: 'image/png', content: PNG },
        { cid: 'script@x', contentType: 'text/html', content: 'PGI+' },
      ],
    })
    const framed = await text(`/mailbox/${id}/html`)
    expect(framed).toContain(`<img src="data:image/png;base64,${PNG}">`)
    expect(framed).toContain('cid:none@x')
    expect(framed).toContain('cid:script@x')
  })

  test('attachments and source are only downloaded, byte for byte', async () => {
    const { keep, get, store } = await mailbox()
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n))
    const id = await keep({
      attachments: [
        { filename: 'a"\\/ü\u2028.html', contentType: 'text/html', content: bytes.toString('base64') },
      ],
    })
    const attachment = await get(`/mailbox/${id}/attachments/0`)
    expect(header(attachment, 'content-type')).toBe('application/octet-stream')
    expect(header(attachment, 'content-disposition')).toMatch(
      /^attachment; filename="[A-Za-z0-9._ -]+"; filename\*=UTF-8''[\w%.~!-]+$/,
    )
    expect(header(attachment, 'content-security-policy')).toContain('sandbox')
    expect(Buffer.from(await attachment.arrayBuffer()).equals(bytes)).toBe(true)
    const source = await get(`/mailbox/${id}/source`)
    expect(header(source, 'content-disposition')).toBe(
      `attachment; filename="${id}.eml"; filename*=UTF-8''${id}.eml`,
    )
    expect(Buffer.from(await source.arrayBuffer()).equals((await store.bytes(id)) ?? Buffer.alloc(0))).toBe(
      true,
    )
  })

  test.each([
    '..\\..\\evil.exe',
    'a\r\nSet-Cookie: x=1',
    '"; filename=evil',
    '\ud800',
    '',
    '日本語.pdf',
    `a${'🚀'.repeat(300)}`,
  ])('contentDisposition(%j)', (name) => {
    const value = contentDisposition(name)
    expect(value).toMatch(/^attachment; filename="[A-Za-z0-9._ -]+"; filename\*=UTF-8''[\w%.~!-]+$/)
    new Headers({ 'content-disposition': value })
  })

  test('the stylesheet is a stylesheet, for light and dark', async () => {
    const { get } = await mailbox()
    const response = await get('/mailbox/style.css')
    expect(header(response, 'content-type')).toBe('text/css; charset=utf-8')
    expect(await response.text()).toContain('prefers-color-scheme: dark')
  })
})

test('what is not there is answered as missing, whatever is asked for', async () => {
  const { get, keep } = await mailbox()
  const id = await keep({ text: 'x' })
  const paths = [
    '/mailbox/x',
    '/mailbox/x.json',
    '/mailbox/x/html',
    '/mailbox/x/source',
    '/mailbox/x/attachments/0',
    `/mailbox/${id}/html`,
  ]
  for (const index of ['0', '-1', '1e3', 'x', '99999', '__proto__', 'length'])
    paths.push(`/mailbox/${id}/attachments/${index}`)
  for (const name of ['..%2f..%2fetc%2fpasswd', `${id}%00`, '__proto__', 'constructor.json'])
    paths.push(`/mailbox/${name}`)
  for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 404])
})
