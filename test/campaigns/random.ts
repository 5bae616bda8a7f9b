import { randomInt } from 'node:crypto'

/** Chance that can be had again: the same seed answers the same numbers. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number
  pick<T>(list: readonly T[]): T
  shuffle<T>(list: readonly T[]): T[]
}

/** Mulberry32: 32 bits of state are plenty for choosing moments and victims. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new Error('There is nothing to pick from.')
    return list[between(0, list.length - 1)] as T
  }
  const shuffle = <T>(list: readonly T[]): T[] => {
    const rest = [...list]
    const drawn: T[] = []
    while (rest.length > 0) drawn.push(...rest.splice(between(0, rest.length - 1), 1))
    return drawn
  }
  return { next, between, pick, shuffle }
}

/** The seed of this run: CAMPAIGN_SEED, or a new one, which the campaign prints. */
export const campaignSeed = (): number => {
  const given = process.env['CAMPAIGN_SEED']
  return given === undefined || given === '' ? randomInt(2 ** 32) : Number(given) >>> 0
}

/** How long a campaign goes on at least, in ms: 0 in `npm test`, what `npm run torture` gives it otherwise. */
export const campaignMs = (): number => 1_000 * Number(process.env['CAMPAIGN_SECONDS'] ?? 0)
