import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countLines, payloadOf, readBytes, readLines } from '../../src/cli/payload.ts'
import { PAYLOAD_BYTES_MAX } from '../../src/core/limits.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-payload-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const file = async (contents: string | Uint8Array): Promise<string> => {
  const path = join(folder, `${Math.random()}.bin`)
  await writeFile(path, contents)
  return path
}

describe('a payload', () => {
  it.each([
    ['hello', 'hello'],
    ['hello\n', 'hello\n'],
    ['{"a":[1,null]}', { a: [1, null] }],
    ['42', 42],
    ['', ''],
  ])('of %j is %j', (text, payload) => {
    expect(payloadOf(Buffer.from(text), false)).toEqual(payload)
  })

  it('of other bytes is kept byte for byte', () => {
    const bytes = Buffer.from([0, 255, 254, 10, 13, 128])
    expect(payloadOf(bytes, false)).toEqual({ $base64: bytes.toString('base64') })
  })

  it('is text when it is said to be', () => {
    expect(payloadOf(Buffer.from('42'), true)).toBe('42')
    expect(payloadOf(Buffer.from([255]), true)).toEqual({ $base64: '/w==' })
  })
})

describe('a file', () => {
  it('is read up to the limit, and not a byte further', async () => {
    const bytes = Buffer.alloc(PAYLOAD_BYTES_MAX, 120)
    expect((await readBytes(await file(bytes))).equals(bytes)).toBe(true)
    await expect(readBytes(await file(Buffer.alloc(PAYLOAD_BYTES_MAX + 1)))).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
    })
  })

  it('that is missing is a mistake on the command line', async () => {
    await expect(readBytes(join(folder, 'missing'))).rejects.toMatchObject({ code: 'E_USAGE' })
  })

  it('has lines with their numbers; empty ones are left out, the last needs no line break', async () => {
    const path = await file('one\r\n\ntwo\n\nthree')
    const lines: unknown[] = []
    for await (const { bytes, number } of readLines(path)) lines.push([number, bytes.toString()])
    expect(lines).toEqual([
      [1, 'one'],
      [3, 'two'],
      [5, 'three'],
    ])
    expect(await countLines(path)).toBe(3)
  })

  it('has lines that reach across what is read at once', async () => {
    const long = 'x'.repeat(200_000)
    const lines: string[] = []
    for await (const { bytes } of readLines(await file(`${long}\n${long}\nend\n`)))
      lines.push(bytes.toString())
    expect(lines).toEqual([long, long, 'end'])
  })
})
