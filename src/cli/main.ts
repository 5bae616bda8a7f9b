import { CommanderError } from 'commander'
import type { Act } from './command.ts'
import { EXIT, reportError, usageError } from './exit.ts'
import { processTerminal } from './output/terminal.ts'
import { buildProgram } from './program.ts'

/**
 * The command line. Never throws and never ends the process by itself: it answers the exit code.
 * @param args without the program's own name
 */
export const main = async (args: readonly string[]): Promise<number> => {
  const terminal = processTerminal({ json: args.includes('--json') })
  let exitCode: number = EXIT.ok
  const act: Act =
    (work) =>
    async (...given) => {
      exitCode = await work(terminal, ...given)
    }
  const program = buildProgram(act, terminal.colors)
  try {
    if (args.length === 0) {
      program.outputHelp()
      return EXIT.usage
    }
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(terminal, error)
    // Help and version were printed.
    if (error.exitCode === 0) return EXIT.ok
    // A group of commands alone, such as `schedule`: its help says which there are.
    const group = program.commands.find((command) => command.name() === args[0])
    if (error.code === 'commander.help' && group !== undefined) {
      group.outputHelp()
      return EXIT.usage
    }
    return reportError(terminal, usageError(oneLine(error.message)))
  }
}

/** "error: unknown option '--x'\n(Did you mean --y?)" → "Unknown option '--x' (Did you mean --y?)." */
const oneLine = (message: string): string => {
  const text = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .trim()
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!)]$/.test(text) ? '' : '.'}`
}
