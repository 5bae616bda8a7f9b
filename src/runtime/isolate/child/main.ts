import process from 'node:process'
import type { Outcome } from '../../../core/decide.ts'
import { toJobError } from '../../../core/job-error.ts'
import { parsePayload } from '../../../core/json.ts'
import { validate } from '../../../core/standard-schema.ts'
import type { AnyTask } from '../../task.ts'
import { upgraded } from '../../versions.ts'
import { outcomeOfPayload, outcomeOfThrown, outcomeOfValue } from '../../worker/outcome.ts'
import { BUSY, LAST_WORDS_MS } from '../vessel.ts'
import type { ToChild } from '../wire.ts'
import { childBlobs } from './blobs.ts'
import { Calls } from './calls.ts'
import { ChildContext } from './context.ts'
import { toError } from './context-error.ts'
import { findTasks } from './find.ts'
import { leaveNothing } from './leave.ts'
import { Leftovers } from './leftovers.ts'
import { openLink } from './link.ts'
import { Notes } from './notes.ts'
import { Printed } from './printed.ts'

/** A child: loads one module, then runs one job after the other as the worker says. */

/** Exit code after an error that nobody waited for. */
const THROWN = 70
/** What was printed has that long to get out before the child takes another run; else it is replaced. */
const OUT_TIMEOUT_MS = 1_000

const link = openLink()
const exit = process.exit.bind(process)
let tasks: ReadonlyMap<string, AnyTask> = new Map()
/** The child's own. */
let folder = ''
let leftovers: Leftovers | undefined
let printed: Printed | undefined
let current: { readonly run: number; readonly controller: AbortController; readonly calls: Calls } | undefined

type Message<Type extends ToChild['type']> = Extract<ToChild, { readonly type: Type }>

const load = async (message: Message<'load'>): Promise<void> => {
  const { url, settings, memoryMb } = message
  folder = message.folder
  try {
    tasks = await findTasks(url, settings)
    printed = new Printed()
    leftovers = new Leftovers(memoryMb)
    link.say({ type: 'loaded', tasks: [...tasks.keys()] })
  } catch (error) {
    link.say({ type: 'failed', error: toJobError(error) })
  }
}

const outcomeOf = async (
  task: AnyTask,
  { payload: text, version }: Message<'run'>,
  context: ChildContext,
): Promise<Outcome> => {
  let payload: unknown
  try {
    payload = upgraded(task, version, parsePayload(text))
    if (task.payload !== undefined) payload = await validate(task.payload, payload, task.name)
  } catch (error) {
    return outcomeOfPayload(error)
  }
  try {
    return outcomeOfValue(await task.run(payload, context))
  } catch (error) {
    return outcomeOfThrown(error)
  }
}

const run = async (message: Message<'run'>): Promise<void> => {
  const { run, task: name, checkpoint, job, fence } = message
  const task = tasks.get(name)
  if (task === undefined) return exit(THROWN)
  Atomics.store(link.shared, BUSY, 1)
  const controller = new AbortController()
  const calls = new Calls(link, run)
  const notes = new Notes(link, run)
  current = { run, controller, calls }
  const { signal } = controller
  const blobs = childBlobs(message.blobs, calls, folder)
  const context = new ChildContext({ job, fence, checkpoint, signal, notes, calls, blobs })
  const outcome = await outcomeOf(task, message, context)
  await context.settled()
  current = undefined
  notes.close()
  await printed?.out(LAST_WORDS_MS)
  link.say({ type: 'done', run, outcome })
  // In a turn of its own: what the handler does at its very end belongs to its run.
  setImmediate(() => void rest(run))
}

/** After a run. Its memory is still measured: what was printed and is not out yet takes some. */
const rest = async (run: number): Promise<void> => {
  let why: string | null
  try {
    await printed?.out(OUT_TIMEOUT_MS)
    why = printed?.find() ?? leftovers?.find() ?? null
  } catch (error) {
    why = toJobError(error).message
  }
  Atomics.store(link.shared, BUSY, 0)
  link.say(why === null ? { type: 'ready', run } : { type: 'retire', run, why })
}

link.listen((message) => {
  switch (message.type) {
    case 'load':
      void load(message)
      return
    case 'run':
      void run(message)
      return
    case 'abort':
      if (current?.run === message.run) current.controller.abort(toError(message.error))
      return
    case 'answer':
    case 'refusal':
      current?.calls.answered(message)
      return
    case 'end':
      leaveNothing(folder)
      exit(0)
  }
})

process.on('uncaughtException', (thrown) => {
  try {
    link.say({ type: 'thrown', error: toJobError(thrown) })
  } finally {
    exit(THROWN)
  }
})
