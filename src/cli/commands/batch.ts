import type { Command } from 'commander'
import { PosthasteError } from '../../core/errors.ts'
import type { BatchInfo, BatchOptions } from '../../runtime/batches.ts'
import type { AddItem } from '../../runtime/types.ts'
import { type Act, type CommonOptions, common, define } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withStore } from '../open.ts'
import { tasksFor } from '../tasks.ts'

interface OpenFlags extends CommonOptions {
  readonly description?: string
  readonly parent?: string
  readonly onSuccess?: string
  readonly onFinish?: string
  readonly onDeath?: string
}

/** `posthaste batch …`: jobs that count together. */
export const addBatch = (program: Command, act: Act): void => {
  const group = define(program, 'batch', {
    summary: 'count jobs together, with callbacks: open, show, list, close',
    examples: [
      `batch open --description "import of May" --on-success '{"task":"echo","payload":"all done"}'`,
      'submit --batch ID --payload "one of them"',
      'batch close ID',
      'batch show ID',
    ],
  })
  addOpen(group, act)
  addOne(group, act, 'close', 'no jobs come any more: from now on it can be done', ({ batches }, id) =>
    batches.close(id),
  )
  addOne(group, act, 'show', 'show its state and its numbers', async ({ batches }, id) => {
    const batch = await batches.get(id)
    if (batch === null)
      throw new PosthasteError('E_BATCH_MISSING', `There is no batch ${id}.`, { field: 'id' })
    return batch
  })
  common(define(group, 'list', { summary: 'list batches, the oldest first' })).action(
    act<[CommonOptions]>(async (terminal, options) => {
      const batches = await withStore(terminal, options, (posthaste) => posthaste.batches.list(), {
        missing: 'empty',
      })
      if (terminal.json) terminal.printJson({ batches })
      else (await import('../output/batch.ts')).printBatches(terminal, batches, Date.now())
      return EXIT.ok
    }),
  )
}

const addOpen = (group: Command, act: Act): void => {
  const command = define(group, 'open', {
    summary: 'open a batch; jobs are added to it with submit --batch ID',
  })
    .option('--description <text>', 'what it is, for people')
    .option('--parent <id>', 'the batch that it is a part of')
    .option('--on-success <json>', 'the job to add when all of it was completed: {"task": …, "payload": …}')
    .option('--on-finish <json>', 'the job to add when nothing is left to do, however it went')
    .option('--on-death <json>', 'the job to add when the first of its jobs is dead')
  common(command).action(
    act<[OpenFlags]>(async (terminal, options) => {
      const { objectOf } = await import('../document.ts')
      const { description, parent } = options
      const callback = (name: 'onSuccess' | 'onFinish' | 'onDeath', flag: string) => {
        const text = options[name]
        return text === undefined ? {} : { [name]: objectOf(text, flag) as unknown as AddItem }
      }
      const wanted: BatchOptions = {
        ...(description === undefined ? {} : { description }),
        ...(parent === undefined ? {} : { parent }),
        ...callback('onSuccess', '--on-success'),
        ...callback('onFinish', '--on-finish'),
        ...callback('onDeath', '--on-death'),
      }
      const batch = await withStore(
        terminal,
        options,
        async (posthaste) => (await posthaste.batch(wanted)).status(),
        { tasks: (config) => tasksFor('', config) },
      )
      if (terminal.json) {
        terminal.printJson(batch)
        return EXIT.ok
      }
      terminal.print(batch.id)
      const { program, errColors } = terminal
      terminal.note(
        errColors.dim(
          `Add to it: ${program} submit --batch ${batch.id} …, then: ${program} batch close ${batch.id}`,
        ),
      )
      return EXIT.ok
    }),
  )
}

const addOne = (
  group: Command,
  act: Act,
  verb: string,
  summary: string,
  work: (posthaste: Parameters<Parameters<typeof withStore>[2]>[0], id: string) => Promise<BatchInfo>,
): void => {
  common(define(group, `${verb} <id>`, { summary })).action(
    act<[string, CommonOptions]>(async (terminal, id, options) => {
      const batch = await withStore(terminal, options, (posthaste) => work(posthaste, id), {
        missing: 'empty',
      })
      if (terminal.json) terminal.printJson(batch)
      else (await import('../output/batch.ts')).printBatch(terminal, batch, Date.now())
      return EXIT.ok
    }),
  )
}
