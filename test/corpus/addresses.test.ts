import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/tasks/email/address.ts'
import { corpusText, score } from './corpus.ts'

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
/** Control characters are written as their symbols, from U+2400 on. */
const unescaped = (xml: string): string =>
  xml
    .replace(/&#x([0-9A-Fa-f]+);/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .replace(/[\u2400-\u2421]/g, (symbol) => String.fromCharCode(symbol.charCodeAt(0) - 0x2400))

const cases = [
  ...corpusText('addresses', 'isemail-tests.xml').matchAll(/<test id="\d+">(.*?)<\/test>/gs),
].map(([, xml = '']) => ({
  address: unescaped(/<address>(.*?)<\/address>/s.exec(xml)?.[1] ?? ''),
  category: /<category>(\w+)/.exec(xml)?.[1] ?? '',
}))

const isAccepted = (address: string): boolean => {
  try {
    parseAddress(address)
    return true
  } catch {
    return false
  }
}
const accepted = (category: string) => {
  const all = cases.filter((one) => one.category === category)
  return {
    all: all.length,
    accepted: all.filter(({ address }) => isAccepted(address)).map(({ address }) => address),
  }
}

describe('addresses', () => {
  test('that are none are refused', () => {
    const { all, accepted: wrong } = accepted('ISEMAIL_ERR')
    score('invalid addresses refused', all - wrong.length, all)
    expect(all).toBeGreaterThan(50)
    expect(wrong).toEqual([])
  })

  test('in everyday use are accepted', () => {
    const { all, accepted: right } = accepted('ISEMAIL_VALID_CATEGORY')
    score('valid addresses accepted', right.length, all)
    expect(all).toBeGreaterThan(10)
    // A host without a dot is no address on the internet, and is refused.
    expect(all - right.length).toBeLessThanOrEqual(2)
  })

  test('with comments, folded lines or obsolete forms are refused: nobody writes to them', () => {
    for (const category of ['ISEMAIL_CFWS', 'ISEMAIL_DEPREC']) {
      const { all, accepted: wrong } = accepted(category)
      score(`addresses of kind ${category} refused`, all - wrong.length, all)
      // Blanks around an address are typing, no part of it.
      expect(wrong.filter((address) => address.trim() === address)).toEqual([])
    }
  })
})
