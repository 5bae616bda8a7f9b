import { describe, expect, test } from 'vitest'
import { type ImageInput, imageSchema } from '../../../src/tasks/image/payload.ts'

const read = (given: unknown) => imageSchema.parse(given)
const problems = (given: unknown) =>
  (imageSchema.safeParse(given).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  )

describe('payloads of the image task', () => {
  test('the least one names a source', () => {
    const { operations, output } = read({ source: { file: 'a.jpg' } } satisfies ImageInput)
    expect([operations, output]).toEqual([
      [],
      { operations: [], background: '#ffffff', metadata: false, animated: false },
    ])
  })

  test('text is a source: an address or a file', () => {
    expect(read({ source: 'https://example.com/a.png' }).source).toEqual({ url: 'https://example.com/a.png' })
    expect(read({ source: 'photos/a.png' }).source).toEqual({ file: 'photos/a.png' })
  })

  test('image jobs of the older system fit into their box', () => {
    const resize = { width: 80, height: 60, fit: 'inside', position: 'center', enlarge: true }
    expect(read({ url: 'https://example.com/a.png', width: 80, height: 60 })).toMatchObject({
      source: { url: 'https://example.com/a.png' },
      operations: [{ resize }],
    })
    expect(read({ path: 'a.png', width: 80 })).toMatchObject({
      source: { file: 'a.png' },
      operations: [{ resize: { width: 80, fit: 'inside' } }],
    })
  })

  test.each([
    [{}, 'source'],
    [{ source: { file: 'a', url: 'https://b.example/' } }, 'source'],
    [{ source: { url: 'ftp://b.example/' } }, 'source'],
    [{ url: 'ftp://b.example/', width: 80 }, 'source'],
    [{ url: 'a.png', width: 80 }, 'source'],
    [{ url: 'https://b.example/', path: 'a.png', width: 80 }, 'source'],
    [{ source: 'a', operations: [{ resize: {} }] }, 'operations.0'],
    [{ source: 'a', operations: [{ resize: { width: 8193 } }] }, 'operations.0'],
    [{ source: 'a', operations: [{ resize: { width: 1 }, blur: 1 }] }, 'operations.0'],
    [{ source: 'a', output: { format: 'svg' } }, 'output'],
    [{ source: 'a', output: { quality: 0 } }, 'output'],
    [{ source: 'a', output: [] }, 'output'],
    [{ source: 'a', output: [{ name: 'x' }, { name: 'x' }] }, 'output.1.name'],
    [{ source: 'a', output: { name: '../x' } }, 'output'],
    [{ source: 'a', colour: 'red' }, ': Unrecognized key'],
  ])('%j is refused at %s', (given, where) => {
    expect(problems(given).join('\n')).toContain(where)
  })
})
