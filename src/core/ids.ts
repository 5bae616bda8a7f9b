import { randomFillSync } from 'node:crypto'
import { type Clock, systemClock } from './clock.ts'

/**
 * Ids are UUIDs of version 7 (RFC 9562) in lower-case text. Within one source they rise strictly, also within one
 * millisecond and when the wall clock steps back: 26 bits after the timestamp count, 48 bits are random.
 */
export interface IdSourceOptions {
  /** Epoch ms. */
  readonly now: () => number
  /** Fills the array with random bytes; asked for a few thousand bytes at a time. */
  readonly fillRandom?: (bytes: Uint8Array) => void
}

export type IdSource = () => string

const POOL_BYTES = 6 * 1_024
const COUNTER_BITS = 26
const COUNTER_END = 2 ** COUNTER_BITS
const TIMESTAMP_MAX = 2 ** 48 - 1
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const hex = (byte: number): string => HEX[byte & 0xff] as string

/** A source of ids of its own, for a clock or random bytes of one's own. */
export const createIdSource = ({ now, fillRandom = randomFillSync }: IdSourceOptions): IdSource => {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  let timestamp = -1
  let counter = 0
  /** The text of the timestamp and the version digit, which stay the same for many ids. */
  let head = ''

  const randomByte = (): number => {
    if (used === POOL_BYTES) {
      fillRandom(pool)
      used = 0
    }
    return pool[used++] as number
  }

  const startAt = (ms: number): void => {
    timestamp = Math.min(Math.max(0, Math.floor(ms)), TIMESTAMP_MAX)
    const text = timestamp.toString(16).padStart(12, '0')
    head = `${text.slice(0, 8)}-${text.slice(8)}-7`
    // Random, but with its top bit clear: 33 million ids fit behind any start.
    counter =
      ((randomByte() << 17) | (randomByte() << 9) | (randomByte() << 1) | (randomByte() & 1)) &
      (COUNTER_END / 2 - 1)
  }

  return () => {
    const ms = now()
    counter++
    if (ms > timestamp) startAt(ms)
    else if (counter === COUNTER_END) startAt(timestamp + 1)
    return (
      head +
      // 12 bits of the counter stand before the variant, 14 behind it.
      ((counter >>> 22) & 0xf).toString(16) +
      hex(counter >>> 14) +
      '-' +
      hex(0x80 | ((counter >>> 8) & 0x3f)) +
      hex(counter) +
      '-' +
      hex(randomByte()) +
      hex(randomByte()) +
      hex(randomByte()) +
      hex(randomByte()) +
      hex(randomByte()) +
      hex(randomByte())
    )
  }
}

const sources = new WeakMap<Clock, IdSource>()
const systemSource = createIdSource({ now: systemClock.now })

/** A new id, greater than every id that this process made before by the same clock. */
export const newId = (clock: Clock = systemClock): string => {
  if (clock === systemClock) return systemSource()
  let source = sources.get(clock)
  if (source === undefined) {
    source = createIdSource({ now: () => clock.now() })
    sources.set(clock, source)
  }
  return source()
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether this is the text of a job id. */
export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value)

/** Epoch ms at which an id was made, by the clock of its maker. */
export const idTime = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
