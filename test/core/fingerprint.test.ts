import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorOfJob, errorPattern, fingerprintOf, isFingerprint } from '../../src/core/fingerprint.ts'

describe('errorPattern', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:25', 'connect ECONNREFUSED *'],
    ['connect ECONNREFUSED ::1:25', 'connect ECONNREFUSED *'],
    ['connect ECONNREFUSED [fe80::1%]:25', 'connect ECONNREFUSED *%]:*'],
    ['connect ETIMEDOUT 2001:db8:0:0:1:2:3:4', 'connect ETIMEDOUT *'],
    ['lost the connection to db-primary.internal:5432 after 1500ms', 'lost the connection to * after *'],
    ['User 42 was not found', 'User * was not found'],
    ["Can't open file 'it.txt' now", "Can't open file * now"],
    ['column "id" of relation `jobs` does not exist', 'column * of relation * does not exist'],
    ['550 5.1.1 <ada@example.com>: Recipient address rejected', '*: Recipient address rejected'],
    [
      "ENOENT: no such file or directory, open '/var/spool/a b.txt'",
      'ENOENT: no such file or directory, open *',
    ],
    ['cannot read /var/spool/mail/x.eml: gone', 'cannot read *: gone'],
    ['cannot read D:\\data\\ada\\x.eml', 'cannot read *'],
    ['neither read/write nor and/or is a path', 'neither read/write nor and/or is a path'],
    ['GET https://api.example.com/v1/users/7?x=1 answered 503', 'GET * answered *'],
    ['order 0197c7a0-5d1c-7000-8000-0123456789ab is locked by evt_1Nabc', 'order * is locked by *'],
    ['digest deadbeef does not fit 0xCAFE', 'digest * does not fit *'],
    ['took 1.5 s, 3,000 rows, -7 left', 'took * s, * rows, * left'],
    ['rows 1, 2, 3 are bad', 'rows * are bad'],
    ['  two\n\nlines  ', 'two lines'],
    ['', ''],
  ])('%s', (message, pattern) => {
    expect(errorPattern(message)).toBe(pattern)
  })

  it('is bounded, and the same for what is longer', () => {
    const long = `bad ${'word '.repeat(500)}`
    expect(errorPattern(long).length).toBeLessThanOrEqual(300)
    expect(errorPattern(`${long} more`)).toBe(errorPattern(long))
  })

  it('reads hostile texts in time', () => {
    for (const piece of ["'", '"', 'a@', '::', ':1', '/', 'a.', 'a-', '1.', '[', ' *', 'http://'])
      expect(errorPattern(piece.repeat(10_000)).length).toBeLessThanOrEqual(300)
  })
})

describe('fingerprintOf', () => {
  it('is 12 hex digits for whatever was thrown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (message, name) => {
        expect(isFingerprint(fingerprintOf({ name, message }))).toBe(true)
      }),
    )
  })

  it('does not depend on the numbers of a message, nor on its stack', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uuid(), fc.ipV4(), fc.emailAddress(), (n, id, host, mail) => {
        const message = `job ${id} failed ${n} times at ${host}:${n} for "${mail}"`
        const other = 'job 7 failed 1 times at 10.0.0.1:1 for "x"'
        expect(fingerprintOf({ name: 'Error', message })).toBe(
          fingerprintOf({ name: 'Error', message: other, ...{ stack: 'at x' } }),
        )
      }),
    )
  })

  it('tells names, codes and words apart', () => {
    const all = [
      { name: 'Error', message: 'no' },
      { name: 'TypeError', message: 'no' },
      { name: 'Error', message: 'no', code: '550' },
      { name: 'Error', message: 'no', code: '421' },
      { name: 'Error', message: 'yes' },
    ].map(fingerprintOf)
    expect(new Set(all).size).toBe(all.length)
  })

  // Other processes, and documents that are kept, know fingerprints: a changed rule is a change that users notice.
  it('stays what it was', () => {
    expect(
      fingerprintOf({ name: 'Error', message: 'connect ECONNREFUSED 10.0.0.7:25', code: 'ECONNREFUSED' }),
    ).toBe('ae6202bcbbc3')
  })
})

describe('errorOfJob', () => {
  it('is the newest error, or the reason of a job that has none', () => {
    expect(errorOfJob({ error: '{"name":"Error","message":"x"}', reason: 'exhausted' }).message).toBe('x')
    expect(errorOfJob({ error: null, reason: 'resolved' })).toEqual({ name: 'NoError', message: 'resolved' })
    expect(errorOfJob({ error: null, reason: null }).message).toBe('no reason was given')
  })
})
