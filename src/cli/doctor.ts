import { describeConfig } from '../core/config.ts'
import { formatDuration } from '../core/durations.ts'
import { isPosthasteError } from '../core/errors.ts'
import { asArchived } from '../engines/archived.ts'
import type { CommonOptions } from './command.ts'
import { readConfig } from './config.ts'
import { EXIT, exitCodeOf } from './exit.ts'
import { withStore } from './open.ts'
import { CLOCK_OFFSET_MAX_MS, durabilityText } from './output/banner.ts'
import type { Terminal } from './output/terminal.ts'
import { padEnd, plain } from './output/text.ts'
import { builtInPacks } from './tasks.ts'

interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly text: string
}

/** Looks at one thing after the other; each is answered for by itself. The exit code is that of the first trouble. */
export const examine = async (terminal: Terminal, options: CommonOptions): Promise<number> => {
  const findings: Finding[] = []
  let exitCode: number = EXIT.ok
  const look = async (name: string, work: () => Promise<readonly string[]>): Promise<void> => {
    try {
      for (const text of await work()) findings.push({ name, ok: true, text })
    } catch (error) {
      if (!isPosthasteError(error) && !(error instanceof Error)) throw error
      findings.push({ name, ok: false, text: error.message })
      exitCode ||= exitCodeOf(error)
    }
  }

  await look('Node.js', async () => [`${process.versions.node} on ${process.platform} ${process.arch}`])
  await look('settings', async () => {
    const changed = describeConfig(await readConfig(options)).filter(({ source }) => source !== 'default')
    return changed.length === 0
      ? ['all at their defaults']
      : changed.map(({ name, value, source }) => `${name} = ${value} (${source})`)
  })
  // Without settings there is nothing more to look at.
  if (exitCode === EXIT.ok) {
    await look('store', () =>
      withStore(terminal, options, async ({ engine }) => {
        const before = Date.now()
        const offset = (await engine.now()) - before
        const tookMs = Date.now() - before
        const info = engine.info()
        const { kind, version, location, schemaVersion } = info
        if (Math.abs(offset) > CLOCK_OFFSET_MAX_MS + tookMs) {
          throw new Error(
            `Its clock differs from this machine's by ${formatDuration(Math.abs(offset))}. Set the clocks.`,
          )
        }
        return [
          `${kind} ${version}, schema ${schemaVersion}, at ${location}`,
          durabilityText(info),
          `its clock agrees with this machine's`,
        ]
      }),
    )
    await look('archive', () =>
      withStore(terminal, options, async ({ engine }) => {
        const archived = asArchived(engine)
        if (archived === null) return []
        await archived.archiver.ping()
        const { kind, location } = archived.archiver.status()
        return [`${kind} at ${location}: finished jobs are moved there`]
      }),
    )
    await look('mail', async () => {
      const packs = await builtInPacks(await readConfig(options))
      try {
        await Promise.all(packs.map((pack) => pack.verify?.()))
      } finally {
        await Promise.all(packs.map((pack) => pack.close?.()))
      }
      return packs.flatMap((pack) => pack.greet?.('') ?? []).map(({ text }) => text)
    })
  }
  print(terminal, findings)
  return exitCode
}

const print = (terminal: Terminal, findings: readonly Finding[]): void => {
  if (terminal.json) {
    terminal.printJson({ ok: findings.every(({ ok }) => ok), findings })
    return
  }
  const { green, red, dim } = terminal.colors
  for (const [index, { name, ok, text }] of findings.entries()) {
    const label = findings[index - 1]?.name === name ? '' : name
    terminal.print(`${ok ? green('✓') : red('✗')} ${dim(padEnd(label, 9))} ${plain(text)}`)
  }
}
