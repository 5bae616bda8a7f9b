import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSecretName, maskSecrets, maskText, maskUrl } from '../../src/core/mask.ts'

/** Must not be seen in anything that was masked. */
const CANARY = 'c4n4ry-5ecret'

describe('maskUrl', () => {
  it.each([
    ['smtp://user:pw@host:587', 'smtp://user:***@host:587'],
    ['redis://:pw@host/0', 'redis://:***@host/0'],
    ['postgres://u:p@ss/w@rd@host/db', 'postgres://u:***@host/db'],
    ['https://tok3n@example.com/x', 'https://***@example.com/x'],
    ['https://example.com/x?api_key=1&b=2#c', 'https://example.com/x?api_key=***&b=2#c'],
    ['https://example.com/?access_token=1', 'https://example.com/?access_token=***'],
    ['sqlite:./jobs.db', 'sqlite:./jobs.db'],
    ['http://127.0.0.1:8080/v1/jobs', 'http://127.0.0.1:8080/v1/jobs'],
    ['memory:', 'memory:'],
  ])('makes of %s %s', (url, masked) => {
    expect(maskUrl(url)).toBe(masked)
  })

  it('takes a URL object too', () => {
    expect(maskUrl(new URL('smtp://user:pw@host'))).toBe('smtp://user:***@host')
  })
})

describe('maskText', () => {
  it.each([
    `connect to smtp://user:${CANARY}@mail.example.com failed`,
    `redis://default:${CANARY}@10.0.0.1:6379 and amqp://a:${CANARY}@b`,
    `password=${CANARY}`,
    `password = "${CANARY}"`,
    `{"password":"${CANARY}"}`,
    `Authorization: Bearer ${CANARY}`,
    `authorization: Basic ${CANARY}`,
    `Cookie: ${CANARY}`,
    `x-api-key: ${CANARY}`,
    `GET /x?token=${CANARY}&y=1`,
    `secret='${CANARY}'`,
    `sent with bearer ${CANARY}`,
  ])('hides the secret of %s', (text) => {
    expect(maskText(text)).not.toContain(CANARY)
    expect(maskText(text)).toContain('***')
  })

  it.each([
    'Unexpected token: } at 5',
    'no password given',
    'mail to ann@example.com was refused',
    'https://example.com/@ann is fine',
    'ratio 1:2@3',
    '',
  ])('leaves %j as it is', (text) => {
    expect(maskText(text)).toBe(text)
  })

  it('is idempotent', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', ':', '/', '://', '@', '=', ' ', 'password', '"', '?', '&', 'token', '*'),
        }),
        (text) => {
          expect(maskText(maskText(text))).toBe(maskText(text))
        },
      ),
    )
  })

  it('stays linear on text made to hurt it', () => {
    for (const piece of [
      'a',
      '://',
      'a://b:',
      'a://b:c@',
      'password=',
      '?token',
      '"',
      ' ',
      'bearer ',
      'http://',
    ]) {
      expect(maskText(piece.repeat(200_000 / piece.length))).toBeTypeOf('string')
    }
  })
})

describe('maskSecrets', () => {
  it.each([
    'password',
    'smtpPassword',
    'PASSWORD',
    'pass',
    'token',
    'accessToken',
    'client_secret',
    'Authorization',
    'set-cookie',
    'apiKey',
    'api_key',
    'X-API-Key',
    'credentials',
  ])('hides what is called %s', (name) => {
    expect(isSecretName(name)).toBe(true)
    for (const value of [CANARY, { deep: CANARY }, [CANARY], 12345]) {
      expect(JSON.stringify(maskSecrets({ outer: [{ [name]: value }] }))).toBe(
        `{"outer":[{"${name}":"***"}]}`,
      )
    }
  })

  it.each(['user', 'key', 'passenger', 'compass', 'author', 'subject'])('shows what is called %s', (name) => {
    expect(maskSecrets({ [name]: 'x' })).toEqual({ [name]: 'x' })
  })

  it('keeps the shape of the rest', () => {
    const at = new Date(0)
    const value = { a: [1, null, true, 'x'], at, password: null, token: false, url: `smtp://u:${CANARY}@h` }
    expect(maskSecrets(value)).toEqual({ ...value, url: 'smtp://u:***@h' })
    expect(maskSecrets(JSON.parse('{"__proto__":{"password":"x"}}'))).toEqual(
      JSON.parse('{"__proto__":{"password":"***"}}'),
    )
  })

  it('never throws, never grows without bound, never shows the canary', () => {
    const self: Record<string, unknown> = { password: CANARY }
    self['self'] = [self, self]
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error(CANARY)
        },
      },
    )
    const wide = Array.from({ length: 100_000 }, () => ({ token: CANARY }))
    for (const value of [
      self,
      trap,
      wide,
      new Error(`password=${CANARY}`),
      () => CANARY,
      Symbol(CANARY),
      1n,
      undefined,
    ]) {
      const text = JSON.stringify(maskSecrets(value)) ?? ''
      expect(text).not.toContain(CANARY)
      expect(text.length).toBeLessThan(100_000)
    }
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(JSON.stringify(maskSecrets({ value, secret: CANARY })) ?? '').not.toContain(CANARY)
      }),
    )
  })
})
