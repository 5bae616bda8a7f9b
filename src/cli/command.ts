import { type Command, Option } from 'commander'
import type { Terminal } from './output/terminal.ts'
import { programName } from './program-name.ts'

/** What every command is given. */
export interface CommonOptions {
  readonly engine?: string
  readonly database?: string
  readonly archive?: string
  readonly json?: true
}

/** Runs a command's work and keeps its exit code; `main` builds it once. */
export type Act = <Arguments extends unknown[]>(
  work: (terminal: Terminal, ...args: Arguments) => Promise<number>,
) => (...args: Arguments) => Promise<void>

/**
 * A command of the program: a name with its arguments, what it does, an example or two. Command files load nothing
 * heavy before they run, so that help and mistakes answer at once.
 */
export const define = (
  program: Command,
  usage: string,
  about: { readonly summary: string; readonly description?: string; readonly examples?: readonly string[] },
): Command => {
  const command = program
    .command(usage)
    .summary(about.summary)
    .description(about.description ?? about.summary)
    .allowExcessArguments(false)
  if (about.examples !== undefined) {
    const lines = about.examples.map((example) => `  $ ${programName()} ${example}`)
    command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
  }
  return command
}

/** Where the jobs are, and how to answer. Added last, so that a command's own options come first in its help. */
export const common = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--engine <url>',
        'where the jobs are: sqlite:PATH, postgres://HOST/DATABASE, redis://HOST:PORT or memory:',
      ).conflicts('database'),
    )
    .option('--database <path>', 'a SQLite file; short for --engine sqlite:PATH')
    .option('--archive <url>', 'where finished jobs are moved to and read from: the URL of another store')
    .option('--json', 'answer in JSON, for machines')

/** 'a,b' and repeated options alike. */
export const collectList = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value.split(',').map((item) => item.trim()),
]

/** A command's own options, without those that every command has. */
export const ownOptions = <T extends CommonOptions>(options: T): Omit<T, keyof CommonOptions> => {
  const { engine: _engine, database: _database, archive: _archive, json: _json, ...own } = options
  return own
}
