import { risesOf } from '../core/ageing.ts'
import { deadlineOf, expiryOf } from '../core/deadline.ts'
import { formatDuration } from '../core/durations.ts'
import { PosthasteError } from '../core/errors.ts'
import { judgeParents, waitsForParents } from '../core/flow.ts'
import { parseHistory } from '../core/history.ts'
import type { CancelRequest, JobError, JobOptions, JobRecord, Parent } from '../core/job.ts'
import { isFinished, type JobState } from '../core/states.ts'
import { readKept } from '../core/steps.ts'
import { taskVersion } from '../core/task-name.ts'
import { asArchived } from '../engines/archived.ts'
import type { Engine } from '../engines/engine.ts'
import { checkId } from './arguments.ts'
import { closedBecause, type GateFacts, readGates } from './explain-gates.ts'
import { apart, iso, type Reason, type ReasonCode, reason } from './explain-words.ts'
import { knowsTask, servesQueue, toWorkerInfo, versionsKnown, type WorkerInfo } from './workers.ts'

/** Why a job is where it is: in words for people, in codes and data for programs. */
export interface Explanation {
  readonly id: string
  readonly state: JobState
  /** The store's time of this answer. */
  readonly at: Date
  /** One sentence: the first reason. */
  readonly summary: string
  /** Everything that holds it, what weighs most first. Never empty. */
  readonly reasons: readonly Reason[]
  /** What happens next by itself, or what someone can do; null when nothing follows. */
  readonly next: string | null
}

/** What the explanation is made from, read at one moment as near as the store allows. */
interface Facts {
  readonly now: number
  readonly record: JobRecord
  readonly queue: {
    readonly paused: boolean
    readonly pausedAt: number | null
    readonly pausedBy: string | null
  } | null
  /** Ready jobs of the job's queue, itself included when it is ready. */
  readonly readyInQueue: number
  readonly workers: readonly WorkerInfo[]
  /** Its limits, for a job that is to run. */
  readonly gates: readonly GateFacts[]
  /** The jobs that it waits for, in the order of its edges. */
  readonly parents: readonly (JobRecord | null)[]
}

/** @throws E_JOB_MISSING */
export const explain = async (engine: Engine, id: string): Promise<Explanation> => {
  checkId(id)
  // Unfinished jobs are never in an archive.
  const live = asArchived(engine)?.live ?? engine
  const [[record], now, queues, counts, rows, limits] = await Promise.all([
    engine.get([id]),
    engine.now(),
    engine.queues(),
    live.counts(),
    engine.workers(),
    engine.limits(),
  ])
  if (!record) throw new PosthasteError('E_JOB_MISSING', `There is no job ${id}.`, { field: 'id' })
  const facts: Facts = {
    now,
    record,
    queue: queues.find(({ queue }) => queue === record.queue) ?? null,
    readyInQueue: counts.reduce(
      (sum, row) => (row.queue === record.queue && row.state === 'ready' ? sum + row.count : sum),
      0,
    ),
    workers: rows.map(toWorkerInfo),
    gates: GATED.has(record.state) ? await readGates(live, record, limits, now) : [],
    parents: waitsForParents(record)
      ? await engine.get(record.ties?.parents.map(({ id: one }) => one) ?? [])
      : [],
  }
  const reasons = [
    ...EXPLAIN[record.state](facts),
    ...ofTime(record, now),
    ...ofAgeing(record),
    ...ofSteps(record, now),
    ...ofSchedule(record),
  ]
  const summary = reasons[0]?.text ?? ''
  return { id, state: record.state, at: new Date(now), summary, reasons, next: nextOf(facts, reasons) }
}

const GATED: ReadonlySet<JobState> = new Set(['ready', 'scheduled', 'retrying'])

/** How its priority rose while it waited. */
const ofAgeing = ({ history, priority }: JobRecord): Reason[] => {
  const rises = risesOf(history)
  const last = rises.at(-1)
  if (last === undefined) return []
  const times = rises.length === 1 ? 'once' : `${rises.length} times`
  const text = `Its priority rose ${times} because it waited long: last ${last.reason}, at ${iso(last.at)}.`
  return [reason('aged', text, { priority, rises: rises.map(({ at, reason: what }) => ({ at, what })) })]
}

/** What becomes of an unfinished job by the mere passing of time. */
const ofTime = (record: JobRecord, now: number): Reason[] => {
  if (isFinished(record.state)) return []
  const found: Reason[] = []
  const [expiry, deadline] = [expiryOf(record), deadlineOf(record)]
  if (expiry !== null && record.attempt === 0) {
    const text = `Not started by ${iso(expiry)}, ${apart(expiry, now)}, it is cancelled.`
    found.push(reason('expires', text, { expiresAt: expiry }))
  }
  if (deadline !== null) {
    const text = `Its deadline is ${iso(deadline)}, ${apart(deadline, now)}: after it no attempt begins.`
    found.push(reason('deadline', text, { deadlineAt: deadline }))
  }
  return found
}

/** What another run would not do again. */
const ofSteps = ({ state, checkpoint }: JobRecord, now: number): Reason[] => {
  const { steps } = readKept(checkpoint)
  const last = steps.at(-1)
  if (last === undefined || state === 'completed') return []
  const many = steps.length === 1 ? 'One step is' : `${steps.length} steps are`
  const text = `${many} finished, the last one ${JSON.stringify(last.name)} ${apart(last.at, now)}; no run does them again.`
  return [reason('steps', text, { steps: steps.map(({ name }) => name) })]
}

/** Where it comes from, when that is a schedule. */
const ofSchedule = ({ options }: JobRecord): Reason[] => {
  const { schedule }: JobOptions = options === null ? {} : JSON.parse(options)
  if (schedule === undefined) return []
  const { name, at } = schedule
  const which = at === null ? 'It was run by hand from' : `It is for the tick of ${iso(at)} of`
  return [reason('of_schedule', `${which} schedule ${name}.`, { schedule: name, tick: at })]
}

/** Which parents a job waits for, and what the rules say about it. */
const waitsFor = (record: JobRecord, now: readonly (JobRecord | null)[]): Reason[] => {
  if (!waitsForParents(record)) return []
  const verdict = judgeParents(record.ties?.parents ?? [], now)
  const nameOf = ({ id, name }: Parent): string => (name === null ? `job ${id}` : `${name} (job ${id})`)
  if (verdict.kind === 'held') {
    const text = `Its parent ${nameOf(verdict.by)} is ${verdict.end}, and it is held until that one succeeds.`
    return [reason('parent_failed', text, { parent: verdict.by.id, end: verdict.end })]
  }
  if (verdict.kind === 'cancelled') {
    const text = `Its parent ${nameOf(verdict.by)} is ${verdict.end}: it is about to be cancelled.`
    return [reason('parents_done', text, { parent: verdict.by.id, end: verdict.end })]
  }
  if (verdict.kind === 'runs') return [reason('parents_done', 'Its parents are done: it is about to go on.')]
  const shown = verdict.for.slice(0, PARENTS_SHOWN).map(nameOf).join(', ')
  const more = verdict.for.length > PARENTS_SHOWN ? ` and ${verdict.for.length - PARENTS_SHOWN} more` : ''
  const data = { parents: verdict.for.map(({ id }) => id) }
  return [reason('waits_for_parents', `It waits for ${shown}${more}.`, data)]
}
const PARENTS_SHOWN = 5

const errorText = (record: JobRecord): string => {
  if (record.error === null) return ''
  const { name, message } = JSON.parse(record.error) as JobError
  return ` The last error: ${name}: ${message}`
}

const EXPLAIN: { readonly [S in JobState]: (facts: Facts) => Reason[] } = {
  blocked: ({ record, parents }) => {
    if (waitsForParents(record)) return waitsFor(record, parents)
    const text = `It is held until someone decides: ${record.reason ?? 'no reason was given'}.`
    return [reason('blocked', text, { reason: record.reason })]
  },

  scheduled: (facts) => [...untilDue(facts, 'scheduled', 'It is scheduled'), ...hindrances(facts)],

  retrying: (facts) => {
    const { attempt } = facts.record
    const times = `${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}`
    return [
      ...untilDue(facts, 'retrying', `It failed after ${times} and is to be retried`),
      ...hindrances(facts),
    ]
  },

  ready: (facts) => {
    const { record, readyInQueue } = facts
    const held = hindrances(facts)
    if (record.solo) {
      const text =
        'Its worker was lost while it ran, so it is handed out alone, when a worker has nothing else.'
      held.push(reason('suspect', text, { crashes: record.crashes }))
    }
    const others = Math.max(0, readyInQueue - 1)
    const among =
      others === 0 ? 'it is the only one there' : `${others} more ${others === 1 ? 'is' : 'are'} ready there`
    const text = `It waits for its turn in queue ${record.queue}: ${among}.`
    // What hinders it weighs more than the jobs beside it; without hindrance the turn is the whole reason.
    return [
      ...held,
      reason('waiting_turn', text, { queue: record.queue, readyInQueue, priority: record.priority }),
    ]
  },

  running: ({ record, now, workers }) => {
    const worker = workers.find(({ id }) => id === record.worker)
    const where = worker?.host
      ? ` on ${worker.host}${worker.pid === null ? '' : `, process ${worker.pid}`}`
      : ''
    const who = `worker ${record.worker ?? 'unknown'}${where}`
    const data = { worker: record.worker, leaseUntil: record.leaseUntil, startedAt: record.startedAt }
    const reasons: Reason[] = []
    const until = record.leaseUntil ?? now
    if (until < now) {
      const text = `The lease of ${who} ran out ${apart(until, now)}: the worker died or was cut off.`
      reasons.push(reason('lease_expired', text, data))
    }
    if (record.cancel !== null) {
      const { by, at } = JSON.parse(record.cancel) as CancelRequest
      reasons.push(reason('cancel_requested', `${by} asked it to stop ${apart(at, now)}.`, { by, at }))
    }
    const lease = until < now ? '' : `; its lease holds for ${formatDuration(until - now)} and is renewed`
    reasons.push(
      record.started && record.startedAt !== null
        ? reason('running', `It runs on ${who} since ${iso(record.startedAt)}${lease}.`, data)
        : reason(
            'claimed',
            `It is claimed by ${who}; no start of its handler is recorded yet${lease}.`,
            data,
          ),
    )
    return reasons
  },

  completed: ({ record, now }) => {
    const at = record.finishedAt ?? now
    return [reason('completed', `It was completed ${apart(at, now)}, at ${iso(at)}.`, { finishedAt: at })]
  },

  cancelled: ({ record, now }) => {
    const at = record.finishedAt ?? now
    const last = parseHistory(record.history).findLast(({ to }) => to === 'cancelled')
    const by = last?.by === undefined ? '' : ` by ${last.by}`
    const why = last?.reason === undefined ? '' : `: ${last.reason}`
    const text = `It was ${record.reason === 'discarded' ? 'discarded' : 'cancelled'}${by} ${apart(at, now)}${why}.`
    return [reason('cancelled', text, { by: last?.by ?? null, reason: record.reason, finishedAt: at })]
  },

  dead: ({ record, now }) => {
    const at = record.finishedAt ?? now
    const text = `It gave up ${apart(at, now)}: ${DEAD_BECAUSE[record.reason ?? ''] ?? record.reason}.${errorText(record)}`
    return [reason('dead', text, { reason: record.reason, attempt: record.attempt, finishedAt: at })]
  },
}

const DEAD_BECAUSE: Readonly<Record<string, string>> = {
  exhausted: 'it had no retries left',
  not_retriable: 'its handler failed with an error that a retry cannot mend',
  deadline: 'its deadline left no time for another attempt',
  crashed: 'what ran it (its worker, or its child process or thread) died again and again',
  resolved: 'someone decided so',
}

const untilDue = ({ record, now }: Facts, code: 'scheduled' | 'retrying', what: string): Reason[] => {
  const data = { runAt: record.runAt, dueInMs: Math.max(0, record.runAt - now) }
  const error = code === 'retrying' ? errorText(record) : ''
  if (record.runAt > now) {
    return [reason(code, `${what} for ${iso(record.runAt)}, ${apart(record.runAt, now)}.${error}`, data)]
  }
  return [
    reason(
      'due',
      `${what}; it has been due since ${iso(record.runAt)} and is about to become ready.${error}`,
      data,
    ),
  ]
}

/** What would keep the job from running even when its turn has come. */
const hindrances = ({ record, queue, workers, gates, now }: Facts): Reason[] => {
  const found: Reason[] = []
  if (queue?.paused === true) {
    const by = queue.pausedBy === null ? '' : ` by ${queue.pausedBy}`
    const since = queue.pausedAt === null ? '' : ` since ${iso(queue.pausedAt)}`
    const data = { queue: record.queue, by: queue.pausedBy, since: queue.pausedAt }
    found.push(reason('queue_paused', `Queue ${record.queue} is paused${by}${since}.`, data))
  }
  const closed = gates.flatMap((gate) => closedBecause(gate, now, record.group))
  // What someone has to do comes before what passes by itself.
  found.push(...closed.filter(({ code }) => ACTIONABLE.has(code)))
  const serving = workers.filter((worker) => servesQueue(worker, record.queue))
  if (workers.length === 0) {
    found.push(reason('no_worker', 'No worker is alive.'))
  } else if (serving.length === 0) {
    const text = `No live worker serves queue ${record.queue} (${workers.length} alive).`
    found.push(reason('queue_not_served', text, { queue: record.queue, workers: workers.length }))
  } else if (!serving.some((worker) => knowsTask(worker, record.task))) {
    found.push(unknownTask(record, serving))
  }
  found.push(...closed.filter(({ code }) => !ACTIONABLE.has(code)))
  return found
}

/** The task, or the version of its payload, that no worker of its queue knows. */
const unknownTask = ({ queue, task: stored }: JobRecord, serving: readonly WorkerInfo[]): Reason => {
  const { name, version } = taskVersion(stored)
  const data = { task: name, version, workers: serving.length }
  const versions = [...new Set(serving.flatMap((worker) => versionsKnown(worker, name)))].sort(
    (a, b) => a - b,
  )
  if (versions.length === 0)
    return reason('task_unknown', `No live worker of queue ${queue} knows task ${name}.`, data)
  const text = `No live worker of queue ${queue} runs version ${version} of task ${name}: they run ${versions.join(', ')}.`
  return reason('version_unknown', text, { ...data, known: versions })
}

const NEXT: { readonly [C in ReasonCode]?: string } = {
  blocked: 'Resolve it: to ready, completed, dead or cancelled.',
  waits_for_parents: 'It goes on when they are done; resolve it to decide otherwise.',
  parent_failed: 'Retry the parent, or resolve this job.',
  parents_done: 'A maintainer sees to it; every process with a worker has one.',
  queue_paused: 'Resume the queue.',
  task_paused: 'Resume the task.',
  group_paused: 'Resume the group.',
  key_paused: 'Resume the limit key.',
  limit_reached: 'It may begin when a job under this limit ends, or when the limit is raised.',
  rate_limited: 'It may begin then, when its turn comes; or when the limit is raised.',
  no_worker: 'Start a worker.',
  queue_not_served: 'Start a worker for this queue.',
  task_unknown: 'Start a worker that has this task, or check the spelling of its name.',
  version_unknown:
    'Start a worker whose code has this version; for one that is too old, give the task an upgrade from it.',
  suspect: 'The next worker with nothing else to do runs it.',
  waiting_turn: 'The next free worker takes it when its turn comes: by priority, then by due time.',
  due: 'A maintainer makes it ready; every process with a worker has one.',
  lease_expired: 'A maintainer gives it to another worker, or ends it after its third crash.',
  cancel_requested: 'Its worker stops it with the next heartbeat.',
  dead: 'Retry it, or remove it; otherwise it is kept until its retention ends.',
  cancelled: 'Retry it to run it after all; otherwise it is kept until its retention ends.',
}

const nextOf = ({ record, now }: Facts, reasons: readonly Reason[]): string | null => {
  // What someone has to do comes before what happens by itself.
  const pressing = reasons.find(({ code }) => ACTIONABLE.has(code)) ?? reasons[0]
  if (pressing === undefined) return null
  if (pressing.code === 'scheduled' || pressing.code === 'retrying') {
    return `It becomes ready ${apart(record.runAt, now)}.`
  }
  return NEXT[pressing.code] ?? null
}

const ACTIONABLE: ReadonlySet<ReasonCode> = new Set([
  'queue_paused',
  'task_paused',
  'group_paused',
  'key_paused',
  'no_worker',
  'queue_not_served',
  'task_unknown',
  'version_unknown',
])
