import type { JobTies, NewJob, RecordWrite } from '../../core/job.ts'
import type { InsertVerdict } from '../engine.ts'
import { groupField } from './limits.ts'
import { FLAGS, NO_FLAGS, NUL, orEmpty } from './text.ts'

/** What jobs that came together usually have in common; see lua/include/adding.lua. */
const SHAPE_WIDTH = 8

const isLike = (a: NewJob, b: NewJob): boolean =>
  a.queue === b.queue &&
  a.task === b.task &&
  a.group === b.group &&
  a.priority === b.priority &&
  a.delayMs === b.delayMs &&
  a.runAt === b.runAt &&
  a.blocked === b.blocked &&
  a.leaseMs === b.leaseMs &&
  a.key === b.key &&
  a.ref === b.ref &&
  a.ties === b.ties

/** What is kept of ties beside the body: see lua/include/ties.lua. `start`: when to start by, or nothing. */
export const tiesText = ({ keyUntil, keyMs, parents, batch }: JobTies, start: string): string =>
  `${keyUntil.charAt(0)} ${keyMs ?? ''} ${start} ${parents.map(({ id }) => id).join('')} ${orEmpty(batch)}`

const newTies = (ties: JobTies): string => {
  const { keyFrom, dueMs, dueAt } = ties
  const start = dueAt !== null ? `=${dueAt}` : dueMs !== null ? `+${dueMs}` : ''
  return `${keyFrom ?? ''} ${tiesText(ties, start)}`
}

const shapeOf = (job: NewJob): string[] => [
  String.fromCharCode(NO_FLAGS + (job.leaseMs === null ? 0 : FLAGS.ownLease)),
  job.runAt !== null ? `=${job.runAt}` : job.delayMs === 0 ? '' : `+${job.delayMs}`,
  orEmpty(job.blocked),
  job.leaseMs === null ? '' : String(job.leaseMs),
  job.priority + NUL + job.queue + NUL + job.task + NUL + groupField(job),
  orEmpty(job.key),
  orEmpty(job.ref),
  job.ties === null ? '' : newTies(job.ties),
]

/** What never changes of a job. */
export const bodyOf = ({
  maxRetries,
  options,
  tags,
  ties,
  payload,
}: Pick<NewJob, 'maxRetries' | 'options' | 'tags' | 'ties' | 'payload'>): string =>
  (maxRetries ?? '') +
  NUL +
  orEmpty(options) +
  NUL +
  orEmpty(tags) +
  NUL +
  (ties === null ? '' : JSON.stringify(ties)) +
  NUL +
  payload

/** The arguments that describe jobs to add. */
export const jobArguments = (jobs: readonly NewJob[]): string[] => {
  const shapes: string[] = []
  const numbers: string[] = []
  const known = new Map<string, string>()
  const bodies: string[] = []
  let ids = ''
  let before: NewJob | undefined
  let number = ''
  for (const job of jobs) {
    if (before === undefined || !isLike(before, job)) {
      const shape = shapeOf(job)
      const name = shape.join(NUL)
      const found = known.get(name)
      number = found ?? String(known.size + 1)
      if (found === undefined) {
        known.set(name, number)
        shapes.push(...shape)
      }
      before = job
    }
    numbers.push(number)
    bodies.push(bodyOf(job))
    ids += job.id
  }
  const count = shapes.length / SHAPE_WIDTH
  const row = jobs.length === 0 ? [] : [ids]
  return [String(count), ...shapes, String(jobs.length), ...(count > 1 ? numbers : []), ...row, ...bodies]
}

/** Number of writes, and: collection, key, expected version, time to live, value of each. */
export const writeArguments = (writes: readonly RecordWrite[]): string[] => {
  const args = [String(writes.length)]
  for (const { collection, key, value, expect, ttlMs } of writes) {
    args.push(collection, key, String(expect ?? ''), String(ttlMs ?? ''), orEmpty(value))
  }
  return args
}

/** Verdicts from their letters; holders of keys come in the order of the duplicates. */
export const insertVerdicts = (
  jobs: readonly NewJob[],
  letters: string,
  holders: readonly string[],
): InsertVerdict[] => {
  let duplicates = 0
  return jobs.map(({ id }, index): InsertVerdict => {
    if (letters.charAt(index) !== 'd') return { status: 'inserted', id }
    return { status: 'duplicate', id: holders[duplicates++] ?? id }
  })
}
