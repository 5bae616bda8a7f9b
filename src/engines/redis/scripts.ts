import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { systemClock } from '../../core/clock.ts'
import { isRefusal, isUnknownFunction, isUnknownScript, toStoreError } from './failures.ts'
import type { Link } from './link.ts'
import { INCLUDES, LUA } from './lua.generated.ts'

export type ScriptName = keyof typeof LUA
type Values = readonly (string | number)[]

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

/** All scripts as functions of one library, which the server makes once. Its name says what is in it: versions live side by side. */
const libraryOf = (): { readonly name: string; readonly text: string } => {
  const functions = Object.entries(LUA).map(
    ([name, { flags, text }]) => `redis.register_function{ function_name = 'NAME_${name}',
  flags = { ${flags.map((flag) => `'${flag}'`).join(', ')} },
  callback = function(keys, values)
begin(keys, values)
${text}
end }`,
  )
  const body = [...Object.values(INCLUDES), ...functions].join('\n')
  const name = `posthaste_${sha1(body).slice(0, 12)}`
  return { name, text: `#!lua name=${name}\n${body.replaceAll("'NAME_", `'${name}_`)}` }
}

/** One script by itself, for servers without functions: all that it needs is made anew for every call. */
const scriptOf = (name: ScriptName): { readonly text: string; readonly hash: string } => {
  const { includes, text } = LUA[name]
  const shared = includes.map((include) => INCLUDES[include]).join('\n')
  // A function has room for 200 variables. What is shared needs most of them, so the script is a function of its own.
  const own = `begin(givenKeys, givenValues)\nreturn (function()\n${text}\nend)()`
  const whole = `local givenKeys, givenValues = KEYS, ARGV\n${shared}\n${own}`
  return { text: whole, hash: sha1(whole) }
}

/** Runs the engine's scripts on one installation. */
export class Scripts {
  private readonly link: Link
  private readonly key: string
  private readonly clock: Clock
  private readonly library = libraryOf()
  private readonly scripts = new Map<ScriptName, ReturnType<typeof scriptOf>>()
  private hasFunctions = false
  /** The latest time that the store told. It is never asked to tell an earlier one, whoever answers next. */
  private latest = 0

  constructor(link: Link, key: string, clock: Clock) {
    this.link = link
    this.key = key
    this.clock = clock
  }

  /** Gives the library to the server, when it takes one (Redis 7 and later, and no ACL against it). */
  async load(): Promise<void> {
    try {
      await this.link.call('function', ['load', this.library.text])
      this.hasFunctions = true
    } catch (error) {
      if (!isRefusal(error)) throw toStoreError(error)
      this.hasFunctions = /already exists/.test((error as Error).message)
    }
  }

  /** `args` are those behind the clock's. */
  async run(name: ScriptName, args: Values): Promise<unknown> {
    const isSystem = this.clock === systemClock
    if (!isSystem) this.hear(this.clock.now())
    const all = [1, this.key, isSystem ? '' : this.latest, this.latest, ...args]
    try {
      if (!this.hasFunctions) return await this.runScript(name, all)
      return await this.runFunction(name, all)
    } catch (error) {
      if (!isUnknownFunction(error)) throw toStoreError(error)
    }
    // Another server took over that was not given the library, or somebody flushed it.
    await this.load()
    try {
      return await (this.hasFunctions ? this.runFunction(name, all) : this.runScript(name, all))
    } catch (error) {
      throw toStoreError(error)
    }
  }

  /** Remembers a time that the store told. */
  hear(now: number): number {
    this.latest = Math.max(this.latest, now)
    return now
  }

  private runFunction(name: ScriptName, all: Values): Promise<unknown> {
    return this.link.call('fcall', [`${this.library.name}_${name}`, ...all])
  }

  private async runScript(name: ScriptName, all: Values): Promise<unknown> {
    const script = this.scripts.get(name) ?? scriptOf(name)
    this.scripts.set(name, script)
    try {
      return await this.link.call('evalsha', [script.hash, ...all])
    } catch (error) {
      if (!isUnknownScript(error)) throw error
    }
    // The server was restarted, or somebody flushed its scripts. Running the text stores it again.
    return await this.link.call('eval', [script.text, ...all])
  }
}
