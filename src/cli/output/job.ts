import { formatDuration } from '../../core/durations.ts'
import { maskSecrets } from '../../core/mask.ts'
import { priorityName } from '../../core/priority.ts'
import type { Job } from '../../core/view.ts'
import { paintState, stateText } from './colors.ts'
import { PROSE_WIDTH, type Terminal } from './terminal.ts'
import { padEnd, plain, plainLines, taskText, wrap } from './text.ts'
import { exactTime, relativeTime } from './time.ts'

/** Lines of a payload or an output that are shown to a person; --json shows all. */
const VALUE_LINES_MAX = 40
const LABEL_WIDTH = 11

/** Everything about a job, for a person. */
export const printJob = (
  terminal: Terminal,
  job: Job,
  now: number,
  options: { readonly reveal: boolean },
): void => {
  const { dim, red, bold } = terminal.colors
  const width = Math.min(terminal.width ?? PROSE_WIDTH, PROSE_WIDTH)
  const room = width - LABEL_WIDTH - 2
  const show = (label: string, lines: readonly string[]): void => {
    lines.forEach((line, index) => {
      terminal.print(`  ${dim(padEnd(index === 0 ? label : '', LABEL_WIDTH))}${line}`)
    })
  }
  const moment = (at: Date | null): string[] =>
    at === null ? [dim('–')] : [`${padEnd(relativeTime(at.getTime(), now), 12)} ${dim(exactTime(at))}`]
  const optional = (label: string, value: string | null): void => {
    if (value !== null && value !== '') show(label, wrap(plain(value), room))
  }
  const value = (label: string, content: unknown): void => {
    const lines = valueLines(options.reveal ? content : maskSecrets(content), room).flatMap((line) =>
      wrap(line, room),
    )
    const hidden = lines.length - VALUE_LINES_MAX
    show(label, lines.slice(0, VALUE_LINES_MAX))
    if (hidden > 0) show('', [dim(`… ${hidden} more lines; --json shows all`)])
  }

  terminal.print(
    `${paintState(terminal.colors, job.state, bold(stateText(job.state)))}  ${bold(taskText(job))}  ${job.id}`,
  )
  terminal.print()
  show('state', [
    paintState(terminal.colors, job.state, job.state) +
      (job.reason === null ? '' : dim(` (${plain(job.reason)})`)),
  ])
  if (job.cancelRequested !== null) show('', ['its worker is asked to stop'])
  show('queue', [job.queue])
  show('priority', [
    `${priorityName(job.priority)}${dim(priorityName(job.priority) === String(job.priority) ? '' : ` (${job.priority})`)}`,
  ])
  show('attempts', [`${job.attempt} of ${job.maxRetries + 1}`])
  show('created', moment(job.createdAt))
  show('run at', moment(job.runAt))
  if (job.expiresAt !== null) show('expires', moment(job.expiresAt))
  if (job.deadlineAt !== null) show('deadline', moment(job.deadlineAt))
  show('started', moment(job.startedAt))
  show('finished', moment(job.finishedAt))
  if (job.startedAt !== null && job.finishedAt !== null) {
    show('took', [formatDuration(job.finishedAt.getTime() - job.startedAt.getTime())])
  }
  show('worker', [job.worker === null ? dim('–') : plain(job.worker)])
  optional('key', job.key)
  optional('ref', job.ref)
  optional('group', job.group)
  optional('tags', job.tags.join(', '))
  if (Object.keys(job.metadata).length > 0) value('metadata', job.metadata)
  value('payload', job.payload)
  if (job.progress !== null) value('progress', job.progress)
  if (job.output !== null) value('output', job.output)

  for (const [index, { name, ms, finishedAt }] of job.steps.entries()) {
    if (index === 0) terminal.print()
    const took = padEnd(formatDuration(ms), 8)
    const [first = '', ...more] = wrap(plain(name), room)
    show(index === 0 ? 'steps' : '', [
      `${took}${first}  ${dim(relativeTime(finishedAt.getTime(), now))}`,
      ...more.map((line) => `        ${line}`),
    ])
  }

  for (const [index, error] of job.errors.entries()) {
    if (index === 0) terminal.print()
    const head = `attempt ${error.attempt ?? '–'}  ${relativeTime(error.at.getTime(), now)}`
    const code = error.code === undefined ? error.name : `${error.name} ${error.code}`
    const took = error.durationMs === null ? '' : dim(`  after ${formatDuration(error.durationMs)}`)
    show(index === 0 ? 'errors' : '', [`${head}  ${dim(exactTime(error.at))}${took}`])
    show(
      '',
      wrap(plain(`${code}: ${error.message}`), room).map((line) => red(line)),
    )
  }
}

/** A value as a person wants to read it: text as text, JSON on one line where it fits, else indented. */
const valueLines = (value: unknown, room: number): string[] => {
  if (typeof value === 'string') return plainLines(value)
  const short = plain(JSON.stringify(value))
  return short.length <= room ? [short] : plainLines(JSON.stringify(value, null, 2))
}

const NEXT: Partial<Record<Job['state'], (id: string, program: string) => string>> = {
  dead: (id, program) => `Run it again: ${program} retry ${id}`,
  cancelled: (id, program) => `Run it after all: ${program} retry ${id}`,
  blocked: (id, program) => `See what it waits for: ${program} explain ${id}`,
  ready: (id, program) => `See why it is not running: ${program} explain ${id}`,
}

/** What one would do next with a job in this state. */
export const nextStep = (job: Job, program: string): string | null =>
  NEXT[job.state]?.(job.id, program) ?? null
