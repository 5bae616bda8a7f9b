import { describe, expect, test } from 'vitest'
import { isLoopbackHost, maskSecrets, maskUrl, parseSmtpUrl } from '../../../src/tasks/email/smtp-url.ts'

describe('parseSmtpUrl', () => {
  test.each([undefined, '', '  ', 'capture://'])('%j captures', (url) => {
    expect(parseSmtpUrl(url)).toEqual({ kind: 'capture' })
  })

  test.each([
    ['smtp://mail.example.com', { host: 'mail.example.com', port: 587, tls: 'required' }],
    ['smtp://mail.example.com:25', { host: 'mail.example.com', port: 25, tls: 'required' }],
    ['smtps://mail.example.com', { host: 'mail.example.com', port: 465, tls: 'implicit' }],
    ['SMTP://MAIL.Example.com/', { host: 'mail.example.com', port: 587, tls: 'required' }],
    ['smtp://localhost:1025', { host: 'localhost', port: 1025, tls: 'off' }],
    ['smtp://127.0.0.1:1025?tls=required', { host: '127.0.0.1', port: 1025, tls: 'required' }],
    ['smtp://[::1]:1025', { host: '::1', port: 1025, tls: 'off' }],
    ['smtp://mailpit:1025', { host: 'mailpit', port: 1025, tls: 'required' }],
    ['smtp://mailpit:1025?tls=off', { host: 'mailpit', port: 1025, tls: 'off' }],
    ['smtp://localhost.evil.example', { host: 'localhost.evil.example', port: 587, tls: 'required' }],
    ['smtp://127.0.0.1.evil.example', { host: '127.0.0.1.evil.example', port: 587, tls: 'required' }],
    [
      'smtp://ada%40example.com:p%40ss%3Aw%2Frd%25@mail.example.com',
      {
        host: 'mail.example.com',
        port: 587,
        tls: 'required',
        user: 'ada@example.com',
        password: 'p@ss:w/rd%',
      },
    ],
  ])('%s', (url, server) => {
    expect(parseSmtpUrl(url)).toEqual({ kind: 'smtp', server })
  })

  test.each([
    ['mail.example.com', 'not a URL'],
    ['http://mail.example.com', 'not a scheme'],
    ['smtp://', 'no mail server'],
    ['smtp://user:secret@', 'not a URL'],
    ['smtp://user@mail.example.com', 'no password'],
    ['smtp://:secret@mail.example.com', 'no user name'],
    ['smtp://user:se%zzcret@mail.example.com', '%25'],
    ['smtp://user:sec/ret@mail.example.com', '%-codes'],
    ['smtp://user:sec#ret@mail.example.com', '%-codes'],
    ['smtp://mail.example.com/path', 'path'],
    ['smtp://mail.example.com?pool=true', '"pool" is not a known parameter'],
    ['smtp://mail.example.com?tls=maybe', 'tls must be'],
    ['smtps://mail.example.com?tls=off', 'contradict'],
    ['smtp://mail.example.com:99999', 'not a URL'],
  ])('%s is refused without showing its secret', (url, why) => {
    expect(() => parseSmtpUrl(url)).toThrow(why)
    expect(() => parseSmtpUrl(url)).not.toThrow(/sec/)
  })
})

test.each([
  ['localhost', true],
  ['LOCALHOST.', true],
  ['mail.localhost', true],
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['notlocalhost', false],
  ['localhost.example.com', false],
  ['127.0.0.1.nip.io', false],
])('%s is this machine: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected)
})

test.each([
  ['smtp://ada:secret@mail.example.com:587', 'smtp://***@mail.example.com:587'],
  ['smtp://ada:sec@ret@mail.example.com', 'smtp://***@mail.example.com'],
  ['smtps://ada:sec/ret#@mail.example.com', 'smtps://***@mail.example.com'],
  ['smtp://mail.example.com', 'smtp://mail.example.com'],
  ['not a url', 'not a url'],
])('maskUrl(%j)', (url, masked) => {
  expect(maskUrl(url)).toBe(masked)
})

test('a server that repeats what it was sent does not bring the password into a message', () => {
  const server = { user: 'ada', password: 's3cret/x' }
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const reply = `535 bad: s3cret/x ${base64('s3cret/x')} ${base64('\0ada\0s3cret/x')} s3cret%2Fx`
  expect(maskSecrets(reply, server)).toBe('535 bad: *** *** *** ***')
  expect(maskSecrets('535 no', {})).toBe('535 no')
})
