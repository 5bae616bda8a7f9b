import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { colorsFor } from '../../src/cli/output/colors.ts'
import { buildProgram } from '../../src/cli/program.ts'

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const program = buildProgram(() => async () => undefined, colorsFor(false, {}))

/** The part of the page about one command. */
const section = (name: string): string =>
  new RegExp(`^### ${name}\\b[\\s\\S]*?(?=^### |(?![\\s\\S]))`, 'm').exec(page)?.[0] ?? ''

describe('docs/cli.md', () => {
  it.each(program.commands.map((command) => [command.name(), command] as const))(
    'explains %s',
    (name, command) => {
      const text = section(name)
      expect(text.toLowerCase()).toContain(command.description().toLowerCase())
      for (const sub of command.commands) {
        const usage = sub.registeredArguments.map((argument) => ` <${argument.name()}>`).join('')
        expect(text).toContain(`| \`${name} ${sub.name()}${usage}\` | ${sub.description()} |`)
      }
      for (const { flags, description } of [command, ...command.commands].flatMap((one) => one.options)) {
        const isCommon = ['--engine <url>', '--database <path>', '--archive <url>', '--json'].includes(flags)
        expect(isCommon ? page : text).toContain(`| \`${flags}\` | ${description} |`)
      }
    },
  )

  it('explains no command or option that there is not', () => {
    const known = program.commands.map((command) => command.name())
    expect([...page.matchAll(/^### (\S+)/gm)].map(([, name]) => name)).toEqual(known)
    const all = program.commands.flatMap((command) => [command, ...command.commands])
    const flags = new Set(all.flatMap(({ options }) => options.map((option) => option.flags)))
    const written = [...page.matchAll(/^\| `(--[^`]+)` \|/gm)].map(([, flag]) => flag ?? '')
    expect(written.filter((flag) => !flags.has(flag))).toEqual([])
  })
})
