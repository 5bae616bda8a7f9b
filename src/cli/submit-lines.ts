import { ERRORS, isPosthasteError, PosthasteError } from '../core/errors.ts'
import type { AddOptions } from '../runtime/options.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import type { AddItem } from '../runtime/types.ts'
import type { CommonOptions } from './command.ts'
import { EXIT } from './exit.ts'
import { withStore } from './open.ts'
import { progressBar } from './output/progress.ts'
import type { Terminal } from './output/terminal.ts'
import { count } from './output/text.ts'
import { countLines, payloadOf, readLines } from './payload.ts'
import { tasksFor } from './tasks.ts'

/** Jobs that are added in one step; what was added before a failure stays added. */
const BATCH = 1_000

/** Adds one job for each line. A line that is refused ends it, with its number and how many jobs were added before. */
export const submitLines = async (
  terminal: Terminal,
  options: CommonOptions,
  work: { readonly task: string; readonly file: string; readonly isText: boolean; readonly add: AddOptions },
): Promise<number> => {
  const total = await countLines(work.file)
  const add = (posthaste: Posthaste): Promise<number> => addAll(terminal, posthaste, work, total)
  const added = await withStore(terminal, options, add, { tasks: (config) => tasksFor(work.task, config) })
  if (terminal.json) terminal.printJson({ added })
  else terminal.print(`Added ${count(added, 'job')}.`)
  return EXIT.ok
}

const addAll = async (
  terminal: Terminal,
  posthaste: Posthaste,
  work: { readonly task: string; readonly file: string; readonly isText: boolean; readonly add: AddOptions },
  total: number | null,
): Promise<number> => {
  const bar = progressBar(terminal, 'Adding', total)
  let batch: AddItem[] = []
  let numbers: number[] = []
  let added = 0
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return
    try {
      await posthaste.addMany(batch)
    } catch (error) {
      throw told(error, lineOf(error, numbers), added)
    }
    added += batch.length
    batch = []
    numbers = []
    bar.update(added)
  }
  try {
    for await (const { bytes, number } of readLines(work.file)) {
      numbers.push(number)
      batch.push({ ...work.add, task: work.task, payload: linePayload(bytes, work.isText, number, added) })
      if (batch.length === BATCH) await flush()
    }
    await flush()
    return added
  } finally {
    bar.end()
  }
}

const linePayload = (bytes: Buffer, isText: boolean, line: number, added: number): unknown => {
  try {
    return payloadOf(bytes, isText, `line ${line}`)
  } catch (error) {
    throw told(error, line, added)
  }
}

/** Elements of a batch by their place: `items[7].payload.to` is about the eighth. */
const ITEM = /\bitems\[(\d+)\]\.?/g

/** The line that an error of a batch is about; its first one when the error names none. */
const lineOf = (error: unknown, numbers: readonly number[]): number => {
  const index = isPosthasteError(error) ? error.field?.matchAll(ITEM).next().value?.[1] : undefined
  return numbers[Number(index ?? 0)] ?? 1
}

/** The same error, saying where it happened and what is done already. */
const told = (error: unknown, line: number, added: number): unknown => {
  if (!isPosthasteError(error)) return error
  // The new error gets the remedy of its code again.
  const problem = error.message.replaceAll(ITEM, '').replace(ERRORS[error.code].remedy, '').trimEnd()
  const what = `Line ${line}: ${problem} ${count(added, 'job')} added before it.`
  return new PosthasteError(error.code, what, { cause: error, data: { ...error.data, line, added } })
}
