import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { systemClock } from '../../core/clock.ts'
import { isUnknownScript, toStoreError } from './failures.ts'
import type { Link } from './link.ts'
import { LUA } from './lua.generated.ts'

export type ScriptName = keyof typeof LUA

const HASHES = Object.fromEntries(
  Object.entries(LUA).map(([name, text]) => [name, createHash('sha1').update(text).digest('hex')]),
) as Readonly<Record<ScriptName, string>>

/** Runs the engine's scripts on one installation. */
export class Scripts {
  private readonly link: Link
  private readonly key: string
  private readonly clock: Clock
  /** The latest time that the store told. It is never asked to tell an earlier one, whoever answers next. */
  private latest = 0

  constructor(link: Link, key: string, clock: Clock) {
    this.link = link
    this.key = key
    this.clock = clock
  }

  /** `args` are those behind the clock's. */
  async run(name: ScriptName, args: readonly (string | number)[]): Promise<unknown> {
    const isSystem = this.clock === systemClock
    if (!isSystem) this.hear(this.clock.now())
    const all = [1, this.key, isSystem ? '' : this.latest, this.latest, ...args]
    try {
      return await this.link.call('evalsha', [HASHES[name], ...all])
    } catch (error) {
      if (!isUnknownScript(error)) throw toStoreError(error)
    }
    try {
      // The server was restarted, or somebody flushed its scripts. Running the text stores it again.
      return await this.link.call('eval', [LUA[name], ...all])
    } catch (error) {
      throw toStoreError(error)
    }
  }

  /** Remembers a time that the store told. */
  hear(now: number): number {
    this.latest = Math.max(this.latest, now)
    return now
  }
}
