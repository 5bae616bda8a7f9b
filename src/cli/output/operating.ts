import type { AuditEntry, AuditPage } from '../../runtime/audit.ts'
import type { DeadLetterGroup, DeadLetters } from '../../runtime/dead-letters.ts'
import { type TargetFlags, targetText } from '../limit-target.ts'
import { type Column, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { count, grouped, plain } from './text.ts'
import { exactTime, relativeTime } from './time.ts'

/** 'mail, sms' with the largest first. */
const namesOf = (numbers: Readonly<Record<string, number>>): string =>
  Object.entries(numbers)
    .sort(([, a], [, b]) => b - a)
    .map(([name]) => plain(name))
    .join(', ')

/** Kinds of errors as a table, the most frequent first. */
export const printDeadLetters = (
  terminal: Terminal,
  { groups, looked, bounded }: DeadLetters,
  now: number,
): void => {
  const { dim, red } = terminal.colors
  if (groups.length === 0) {
    terminal.note('No job is dead, and none waits for a retry.')
    return
  }
  const columns: Column<DeadLetterGroup>[] = [
    { title: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
    { title: 'DEAD', cell: ({ dead }) => grouped(dead), align: 'right' },
    { title: 'RETRYING', cell: ({ retrying }) => grouped(retrying), align: 'right', drop: 3 },
    { title: 'LAST', cell: ({ last }) => relativeTime(last.getTime(), now), paint: dim },
    { title: 'FIRST', cell: ({ first }) => relativeTime(first.getTime(), now), paint: dim, drop: 5 },
    { title: 'TASKS', cell: ({ tasks }) => namesOf(tasks), shrinkTo: 8, drop: 2 },
    { title: 'QUEUES', cell: ({ queues }) => namesOf(queues), shrinkTo: 8, drop: 4 },
    {
      title: 'ERROR',
      cell: ({ error, pattern }) => plain(`${error.code ?? error.name}: ${pattern}`),
      paint: red,
      shrinkTo: 16,
    },
  ]
  for (const line of renderTable(groups, columns, { width: terminal.width, head: dim })) terminal.print(line)
  if (bounded)
    terminal.note(
      terminal.errColors.dim(
        `\nOf the newest ${count(looked, 'job')}; there is more. Name a queue or a task.`,
      ),
    )
  const { fingerprint } = groups[0] as DeadLetterGroup
  terminal.note(`\nTry some again first: ${terminal.program} dead retry ${fingerprint} --canary`)
}

/** One kind of errors. */
export const printGroup = (terminal: Terminal, group: DeadLetterGroup, now: number): void => {
  const { bold, dim, red } = terminal.colors
  const { fingerprint, error, dead, retrying, first, last, tasks, queues } = group
  const line = (label: string, text: string): void => terminal.print(`  ${dim(label.padEnd(10))}${text}`)
  const moment = (at: Date): string => `${relativeTime(at.getTime(), now).padEnd(12)} ${dim(exactTime(at))}`
  const numbers = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([name, number]) => `${plain(name)} (${grouped(number)})`)
      .join(', ')
  terminal.print(`${bold(fingerprint)}  ${count(dead, 'dead job')}, ${grouped(retrying)} retrying`)
  terminal.print()
  line(
    'error',
    red(plain(`${error.name}${error.code === undefined ? '' : ` ${error.code}`}: ${error.message}`)),
  )
  line('kind', plain(group.pattern))
  line('first', moment(first))
  line('last', moment(last))
  line('tasks', numbers(tasks))
  line('queues', numbers(queues))
  for (const [i, id] of group.sample.entries()) line(i === 0 ? 'jobs' : '', id)
  terminal.note(`\nTry some again first: ${terminal.program} dead retry ${fingerprint} --canary`)
}

/** What operators did, the newest first. */
export const printAudit = (terminal: Terminal, { entries, cursor }: AuditPage, now: number): void => {
  const { dim, red } = terminal.colors
  if (entries.length === 0) {
    terminal.note('Nobody did anything that fits.')
    return
  }
  const columns: Column<AuditEntry>[] = [
    { title: 'WHEN', cell: ({ at }) => relativeTime(at.getTime(), now), paint: dim },
    { title: 'WHO', cell: ({ by }) => plain(by), shrinkTo: 10 },
    { title: 'DID', cell: ({ action }) => plain(action) },
    { title: 'TO', cell: subjectOf, shrinkTo: 16 },
    { title: 'ANSWER', cell: answerOf, paint: (text, { ok }) => (ok ? text : red(text)), shrinkTo: 12 },
    { title: 'MORE', cell: ({ details }) => moreOf(details), paint: dim, shrinkTo: 12, drop: 1 },
  ]
  for (const line of renderTable(entries, columns, { width: terminal.width, head: dim })) terminal.print(line)
  if (cursor !== null) terminal.note(terminal.errColors.dim(`\nMore: add --cursor ${cursor}`))
}

/** What was bounded or stopped beside queues. */
const targetsOf = ({ target, targets }: AuditEntry['details']): string[] =>
  [target, targets]
    .flat()
    .flatMap((one) => (typeof one === 'object' && one !== null ? [targetText(one as TargetFlags)] : []))

const subjectOf = ({ jobs, count: all, queues, schedule, bulk, details }: AuditEntry): string => {
  const [only] = jobs
  const targets = targetsOf(details)
  if (bulk !== null) return `run ${bulk}`
  if (schedule !== null) return `schedule ${plain(schedule)}`
  if (queues.length + targets.length > 0) {
    const named = queues.length > 0 ? [`queue ${queues.join(', ')}`] : []
    return plain([...named, ...targets].join(', '))
  }
  return all === 1 && only !== undefined ? plain(only) : count(all, 'job')
}

const answerOf = ({ ok, refused, count: all, error }: AuditEntry): string => {
  if (ok) return 'done'
  const some = all > 1 ? `${grouped(refused)} refused: ` : ''
  return `${some}${error?.code ?? 'refused'}`
}

const moreOf = (details: AuditEntry['details']): string =>
  Object.entries(details)
    .filter(([name]) => name !== 'target' && name !== 'targets')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .map(plain)
    .join(' ')
