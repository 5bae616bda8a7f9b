import { describe, expect, test } from 'vitest'
import { checkAddress, parseAddress } from '../../../src/tasks/email/address.ts'

const local64 = 'a'.repeat(64)
const label63 = 'b'.repeat(63)

describe('parseAddress accepts one mailbox', () => {
  test.each([
    ['ada@example.com', '', 'ada@example.com'],
    [' ada@example.com ', '', 'ada@example.com'],
    ['Ada.Lovelace+tag@Example.COM', '', 'Ada.Lovelace+tag@example.com'],
    ['Ada <ada@example.com>', 'Ada', 'ada@example.com'],
    ['Ada Lovelace<ada@example.com>', 'Ada Lovelace', 'ada@example.com'],
    ['<ada@example.com>', '', 'ada@example.com'],
    ['"Lovelace, Ada" <ada@example.com>', 'Lovelace, Ada', 'ada@example.com'],
    ['"a \\"b\\" <c@d.e>" <ada@example.com>', 'a "b" <c@d.e>', 'ada@example.com'],
    ["o'hara@example.com", '', "o'hara@example.com"],
    ["!#$%&'*+-/=?^_`{|}~@example.com", '', "!#$%&'*+-/=?^_`{|}~@example.com"],
    [`${local64}@example.com`, '', `${local64}@example.com`],
    [`a@${label63}.com`, '', `a@${label63}.com`],
    ['a@xn--bcher-kva.example', '', 'a@xn--bcher-kva.example'],
    ['a@bücher.example', '', 'a@xn--bcher-kva.example'],
    ['a@EXAMPLE。com', '', 'a@example.com'],
    ['posthaste@localhost', '', 'posthaste@localhost'],
    ['a@b.c', '', 'a@b.c'],
    ['a@1e100.net', '', 'a@1e100.net'],
  ])('%s', (text, name, address) => {
    expect(parseAddress(text)).toEqual({ name, address, needsSmtpUtf8: false })
  })

  test('a local part beyond ASCII, and says what it needs', () => {
    expect(parseAddress('jürgen@bücher.example')).toEqual({
      name: '',
      address: 'jürgen@xn--bcher-kva.example',
      needsSmtpUtf8: true,
    })
  })
})

describe('parseAddress refuses', () => {
  test.each([
    ['', 'is empty'],
    ['   ', 'is empty'],
    ['ada', 'no "@"'],
    ['@example.com', 'nothing before'],
    ['ada@', 'no valid domain'],
    ['a@b', 'without a dot'],
    ['a@b..c', 'no valid domain'],
    ['a@.b.c', 'no valid domain'],
    ['a@b.c.', 'no valid domain'],
    ['a@-b.c', 'no valid domain'],
    ['a@b-.c', 'no valid domain'],
    ['a@b_c.d', 'no valid domain'],
    ['a@ex%61mple.com', 'no valid domain'],
    ['a@bü%63her.example', 'no valid domain'],
    ['a@127.0.0.1', 'a number where a domain ends'],
    ['a@１２７.0.0.1', 'a number where a domain ends'],
    ['a@[127.0.0.1]', 'network address'],
    ['a@xn--a.example', 'international domain label'],
    ['.a@b.c', 'dot in the wrong place'],
    ['a.@b.c', 'dot in the wrong place'],
    ['a..b@c.d', 'dot in the wrong place'],
    ['a b@c.d', 'space'],
    ['"a b"@c.d', 'space'],
    ['"ab"@c.d', 'quoted part'],
    ['a(comment)@b.c', 'not allowed'],
    ['a@b.c@d.e', 'not allowed'],
    ['a\\@b.c', 'not allowed'],
    ['u@x.example, evil@y.example', 'several addresses'],
    ['u@x.example,evil@y.example', 'several addresses'],
    ['a,b@c.d', 'several addresses'],
    ['u@x.example;evil@y.example', 'several addresses'],
    ['Team: a@b.c;', 'several addresses'],
    ['Team:a@b.c <d@e.f>', 'not one mailbox'],
    ['a@b.c, Ada <d@e.f>', 'not one mailbox'],
    ['"unfinished <a@b.c>', 'unfinished quoted name'],
    ['a@b.c>', 'without "<"'],
    ['<a@b.c', 'not allowed'],
    ['<<a@b.c>>', 'not one mailbox'],
    [`${local64}a@example.com`, '64 bytes'],
    [`${'ü'.repeat(33)}@example.com`, '64 bytes'],
    [`a@${label63}b.com`, '63 characters'],
    [`a@${`${label63}.`.repeat(4)}com`, 'longer than 254'],
    ['u@x.example\r\nBcc: evil@x.com', 'U+000D'],
    ['u@x.example\nRCPT TO:<evil@x.com>', 'U+000A'],
    ['u\0@x.example', 'U+0000'],
    ['u\t@x.example', 'U+0009'],
    ['u\x7f@x.example', 'U+007F'],
    ['u\u0085@x.example', 'U+0085'],
    ['Ada\r\n <ada@example.com>', 'U+000D'],
    ['u\u200b@x.example', 'invisible'],
    ['u\u202e@x.example', 'invisible'],
    ['u\u2028@x.example', 'invisible'],
    ['u\ud800@x.example', 'U+D800'],
    ['a@b\u00adc\u200b.\u200bd', 'invisible'],
  ])('%j', (text, why) => {
    expect(() => parseAddress(text)).toThrow(why)
  })

  test('an international domain that grows too long in ASCII', () => {
    const label = 'ü'.repeat(40)
    expect(() => parseAddress(`${local64}@${[label, label, label].join('.')}`)).toThrow(/254|63 characters/)
  })

  test('a control character in a name given apart', () => {
    expect(() => checkAddress('a@b.c', 'Ada\r\nBcc: x@y.z')).toThrow('U+000D')
    expect(() => checkAddress('a@b.c', 'A'.repeat(256))).toThrow('255 characters')
  })
})

test('hostile input of any length is answered at once', () => {
  const hostile = [
    `"${'\\"'.repeat(100_000)}`,
    `${'a.'.repeat(100_000)}@b.c`,
    `a@${'b.'.repeat(100_000)}c`,
    `${'<'.repeat(100_000)}a@b.c>`,
    `${' '.repeat(100_000)}a@b.c`,
    '@'.repeat(100_000),
    `a@${'ü'.repeat(100_000)}`,
  ]
  for (const text of hostile) expect(() => parseAddress(text)).toThrow('too long')
})
