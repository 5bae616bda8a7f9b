import type { Command } from 'commander'
import type { AddedRef } from '../../runtime/client.ts'
import type { FlowItems } from '../../runtime/flow.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT, usageError } from '../exit.ts'
import { withStore } from '../open.ts'
import type { Terminal } from '../output/terminal.ts'
import { padEnd, widthOf } from '../output/text.ts'
import { tasksFor } from '../tasks.ts'

export const addFlow = (program: Command, act: Act): void => {
  const command = define(program, 'flow <file>', {
    summary: 'add jobs that depend on each other, all or none of them',
    description:
      'Adds the jobs of a JSON document, all or none of them: {"jobs": {"a": {"task": "echo", "payload": 1}, "b": {"task": "echo", "after": "a"}}}. "-" reads standard input.',
    examples: ['flow order.json', 'flow - < order.json'],
  })
  common(command).action(
    act<[string, CommonOptions]>(async (terminal, file, options) => {
      const { readDocument } = await import('../document.ts')
      const { jobs, ...rest } = await readDocument(file)
      const [unknown] = Object.keys(rest)
      if (unknown !== undefined) throw usageError(`${file} has ${JSON.stringify(unknown)} beside "jobs".`)
      if (jobs === undefined) throw usageError(`${file} has no "jobs".`)
      const added = await withStore(terminal, options, (posthaste) => posthaste.flow(jobs as FlowItems), {
        tasks: (config) => tasksFor('', config),
      })
      report(terminal, added)
      return EXIT.ok
    }),
  )
}

const report = (terminal: Terminal, jobs: Readonly<Record<string, AddedRef>>): void => {
  if (terminal.json) {
    terminal.printJson({ jobs })
    return
  }
  const names = Object.keys(jobs)
  const width = Math.max(0, ...names.map(widthOf))
  for (const [name, { id }] of Object.entries(jobs)) terminal.print(`${padEnd(name, width)}  ${id}`)
  const last = names.at(-1)
  if (last === undefined) return
  terminal.note(
    terminal.errColors.dim(`See what one waits for: ${terminal.program} explain ${jobs[last]?.id}`),
  )
}
