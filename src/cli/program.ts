import { type Argument, Command } from 'commander'
import type { Act } from './command.ts'
import { addAudit } from './commands/audit.ts'
import { addBatch } from './commands/batch.ts'
import { addBulk } from './commands/bulk.ts'
import { addCancel } from './commands/cancel.ts'
import { addDead } from './commands/dead.ts'
import { addDoctor } from './commands/doctor.ts'
import { addExplain } from './commands/explain.ts'
import { addFlow } from './commands/flow.ts'
import { addLimit } from './commands/limit.ts'
import { addList } from './commands/list.ts'
import { addPause } from './commands/pause.ts'
import { addRemove } from './commands/remove.ts'
import { addResolve } from './commands/resolve.ts'
import { addResume } from './commands/resume.ts'
import { addRetry } from './commands/retry.ts'
import { addRunNow } from './commands/run-now.ts'
import { addSchedule } from './commands/schedule.ts'
import { addServe } from './commands/serve.ts'
import { addSetPriority } from './commands/set-priority.ts'
import { addStart } from './commands/start.ts'
import { addStats } from './commands/stats.ts'
import { addStatus } from './commands/status.ts'
import { addSubmit } from './commands/submit.ts'
import { addTail } from './commands/tail.ts'
import { addUndo } from './commands/undo.ts'
import { addWorker } from './commands/worker.ts'
import type { Colors } from './output/colors.ts'
import { packageVersion } from './version.ts'

const GROUPS: readonly (readonly [title: string, add: readonly ((program: Command, act: Act) => void)[]])[] =
  [
    ['Run:', [addStart, addServe, addWorker]],
    [
      'Add and look:',
      [
        ...[addSubmit, addFlow, addBatch, addStatus, addList, addStats, addExplain, addTail],
        ...[addDead, addAudit],
      ],
    ],
    [
      'Control:',
      [
        addRetry,
        addCancel,
        addRemove,
        addRunNow,
        addSetPriority,
        addResolve,
        addUndo,
        addBulk,
        addPause,
        addResume,
        addLimit,
        addSchedule,
      ],
    ],
    ['Check:', [addDoctor]],
  ]

/** The whole command line. Building it loads no engine, no server and no task. */
export const buildProgram = (act: Act, colors: Colors): Command => {
  const program = new Command('posthaste')
    .description('Background jobs, durable from the first second. Start here: posthaste start')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showSuggestionAfterError(true)
    .configureHelp({
      styleTitle: (text) => colors.bold(text),
      styleCommandText: (text) => colors.cyan(text),
      styleSubcommandText: (text) => colors.cyan(text),
      styleOptionText: (text) => colors.cyan(text),
      // That every command has options goes without saying.
      subcommandTerm: (command) =>
        `${command.name()} ${command.registeredArguments.map(argumentTerm).join(' ')}`.trimEnd(),
    })
    // A mistake is an exception; main tells it in our own form.
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  for (const [title, adds] of GROUPS) {
    program.commandsGroup(title)
    for (const add of adds) add(program, act)
  }
  return program.helpCommand('help [command]', 'print help for a command')
}

const argumentTerm = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}
