import { PosthasteError } from '../core/errors.ts'
import type {
  CancelRequest,
  Change,
  JobRecord,
  JobTies,
  NewJob,
  Parent,
  RecordKey,
  RecordWrite,
  Settlement,
} from '../core/job.ts'
import {
  PAGE_SIZE_MAX,
  RATE_MAX,
  RECORD_BYTES_MAX,
  RECORD_KEY_LENGTH_MAX,
  WEIGHT_MAX,
} from '../core/limits.ts'
import { FINISHED_STATES, isFinished, isLegal, JOB_STATES, type JobEvent } from '../core/states.ts'
import type {
  ClaimRequest,
  Engine,
  ExchangeRequest,
  FinishedRequest,
  InsertOptions,
  KeptJob,
  LimitWrite,
  ListQuery,
  LogLine,
  News,
  NewsRequest,
  OverdueRequest,
  PauseRequest,
  PruneRequest,
  RenewRequest,
  Report,
  SortField,
  Start,
  StoredLogLine,
  WorkerBeat,
} from './engine.ts'
import {
  array,
  checkEach,
  checkField,
  checkFields,
  checkLimit,
  checkTexts,
  type Fields,
  flag,
  isText,
  oneOf,
  optional,
  orNull,
  refuse,
  text,
  upTo,
  uuid,
  whole,
} from './fields.ts'

/**
 * What no store could carry out, refused by every engine in the same words before it touches anything. A method of an
 * engine begins with the check of its name; behind it, the arguments are what the contract's types say they are.
 */

/** The only JSON that engines look into: `list` finds jobs by a tag. */
const isTagList = (tags: unknown): boolean => {
  try {
    const list: unknown = isText(tags) && JSON.parse(tags)
    return Array.isArray(list) && list.every((tag) => typeof tag === 'string')
  } catch {
    return false
  }
}

const NEW_JOB: Fields<NewJob> = {
  id: uuid,
  task: text,
  queue: text,
  group: orNull(text),
  priority: upTo(9),
  payload: text,
  delayMs: whole,
  runAt: orNull(whole),
  blocked: orNull(text),
  maxRetries: orNull(whole),
  leaseMs: orNull(whole),
  options: orNull(text),
  key: orNull(text),
  ref: orNull(text),
  ties: { fits: (ties) => ties === null || ties instanceof Object, be: 'ties, or null' },
  tags: { fits: (tags) => tags === null || isTagList(tags), be: 'JSON text of an array of strings, or null' },
}

const TIES: Fields<JobTies> = {
  keyUntil: oneOf(['start', 'finish', 'time']),
  keyMs: orNull(whole),
  keyFrom: orNull(uuid),
  parents: array,
  batch: orNull(text),
  limit: orNull(text),
  dueMs: orNull(whole),
  dueAt: orNull(whole),
}
const PARENT: Fields<Parent> = { id: uuid, name: orNull(text), onFailure: oneOf(['cancel', 'run', 'hold']) }

const checkNewJobs = (jobs: readonly NewJob[], name: string): void => {
  checkEach(jobs, name, NEW_JOB)
  for (const [i, { id: own, ties }] of jobs.entries()) {
    if (ties === null) continue
    checkFields(ties, `${name}[${i}].ties`, TIES)
    if (ties.keyUntil === 'time' && ties.keyMs === null) refuse(`${name}[${i}].ties.keyMs`, whole.be)
    checkEach(ties.parents, `${name}[${i}].ties.parents`, PARENT)
    if (ties.parents.some(({ id }) => id === own))
      refuse(`${name}[${i}].ties.parents`, 'a list of other jobs')
    if (new Set(ties.parents.map(({ id }) => id)).size < ties.parents.length)
      refuse(`${name}[${i}].ties.parents`, 'a list that names no job twice')
  }
}

const AT_REST = JOB_STATES.filter((state) => state !== 'running')

/** What a settlement and an operator's change have in common. */
const WRITTEN = {
  id: text,
  fence: whole,
  delayMs: optional(whole),
  attempt: whole,
  retries: whole,
  crashes: whole,
  solo: flag,
  reason: orNull(text),
  output: orNull(text),
  error: orNull(text),
  history: orNull(text),
}
const SETTLEMENT: Fields<Settlement> = {
  ...WRITTEN,
  to: oneOf(AT_REST),
  startedAt: orNull(whole),
  progress: optional(orNull(text)),
  checkpoint: optional(orNull(text)),
  unlessCancelled: flag,
  add: optional(array),
  records: optional(array),
}
const CHANGE: Fields<Change> = {
  ...WRITTEN,
  priority: optional(upTo(9)),
  from: oneOf(AT_REST),
  to: oneOf([...AT_REST, 'removed']),
}

const LEASE: Fields<RenewRequest['leases'][number]> = { id: text, fence: whole }
const START: Fields<Start> = { ...LEASE, attempt: whole, startedAt: whole }
const RENEW: Fields<RenewRequest> = { leases: array, leaseMs: whole, complete: flag }
const CLAIM: Fields<ClaimRequest> = {
  limit: whole,
  queues: orNull(array),
  tasks: orNull(array),
  order: oneOf(['merged', 'listed']),
  leaseMs: whole,
}
const REPORT: Fields<Report> = {
  ...LEASE,
  checkpoint: optional(orNull(text)),
  progress: optional(orNull(text)),
  log: optional(array),
}
const LOG_LINE: Fields<LogLine> = {
  seq: whole,
  at: whole,
  level: oneOf(['debug', 'info', 'warn', 'error']),
  message: text,
}
const CANCEL: Fields<CancelRequest> = { at: whole, by: text, reason: orNull(text) }
const RECORD_KEY: Fields<RecordKey> = { collection: text, key: text }
const RECORD: Fields<RecordWrite> = {
  ...RECORD_KEY,
  value: orNull(text),
  expect: orNull(whole),
  ttlMs: orNull(whole),
}
const LIMIT: Fields<LimitWrite> = {
  scope: oneOf(['queue', 'task', 'group', 'groups', 'key']),
  name: text,
  concurrency: orNull(whole),
  rate: {
    fits: (rate) => rate === null || (rate instanceof Object && 'max' in rate && 'perMs' in rate),
    be: 'max and perMs, or null',
  },
  weight: orNull(upTo(WEIGHT_MAX)),
  pausedBy: orNull(text),
  by: text,
  expect: orNull(whole),
}
const RATE: Fields<NonNullable<LimitWrite['rate']>> = { max: upTo(RATE_MAX), perMs: whole }

const checkLimits = (writes: readonly LimitWrite[]): void => {
  checkEach(writes, 'writes', LIMIT)
  const named = new Set<string>()
  for (const [i, { scope, name, rate, weight }] of writes.entries()) {
    if (rate !== null) checkFields(rate, `writes[${i}].rate`, RATE)
    if (rate !== null && (rate.max === 0 || rate.perMs === 0)) refuse(`writes[${i}].rate`, 'above 0')
    if (weight === 0) refuse(`writes[${i}].weight`, `from 1 to ${WEIGHT_MAX}, or null`)
    if (named.has(`${scope} ${name}`)) refuse(`writes[${i}]`, 'the only write of its limit in this call')
    named.add(`${scope} ${name}`)
  }
}

const TOPIC = oneOf(['batch', 'job'])
const PAUSE: Fields<PauseRequest> = { queue: text, paused: flag, by: text }
const BEAT: Fields<WorkerBeat> = { id: text, about: text, ttlMs: whole, gone: optional(flag) }
const PRUNE: Fields<PruneRequest> = {
  state: oneOf(FINISHED_STATES),
  ageMs: whole,
  count: whole,
  minAgeMs: whole,
  limit: whole,
}

const FINISHED: Fields<FinishedRequest> = {
  state: oneOf(FINISHED_STATES),
  ageMs: whole,
  after: {
    fits: (after) => after === null || after instanceof Object,
    be: 'null, or the end and the id of the last job before',
  },
  limit: whole,
}
/** A job that is stored as it is: nobody runs it. */
const KEPT: Fields<JobRecord> = {
  id: uuid,
  task: text,
  queue: text,
  group: orNull(text),
  priority: upTo(9),
  payload: text,
  maxRetries: orNull(whole),
  leaseMs: orNull(whole),
  options: orNull(text),
  key: orNull(text),
  ref: orNull(text),
  tags: { fits: (tags) => tags === null || isTagList(tags), be: 'JSON text of an array of strings, or null' },
  ties: { fits: (ties) => ties === null || ties instanceof Object, be: 'ties, or null' },
  state: oneOf(['ready', ...FINISHED_STATES]),
  reason: orNull(text),
  createdAt: whole,
  runAt: whole,
  startedAt: orNull(whole),
  finishedAt: orNull(whole),
  attempt: whole,
  retries: whole,
  crashes: whole,
  solo: flag,
  fence: whole,
  worker: orNull(text),
  leaseUntil: { fits: (until) => until === null, be: 'null: nobody runs it' },
  started: { fits: (started) => started === false, be: 'false: nobody runs it' },
  cancel: { fits: (cancel) => cancel === null, be: 'null: nobody runs it' },
  output: orNull(text),
  error: orNull(text),
  history: orNull(text),
  progress: orNull(text),
  checkpoint: orNull(text),
}
const KEPT_LINE: Fields<StoredLogLine> = { ...LOG_LINE, fence: whole }

const SORT_FIELDS: { readonly [F in SortField]: true } = {
  id: true,
  task: true,
  queue: true,
  priority: true,
  state: true,
  attempt: true,
  createdAt: true,
  runAt: true,
  startedAt: true,
  finishedAt: true,
}
const LIST: Fields<ListQuery> = {
  states: optional(array),
  queues: optional(array),
  tasks: optional(array),
  group: optional(text),
  key: optional(text),
  ref: optional(text),
  parent: optional(text),
  batch: optional(text),
  tag: optional(text),
  worker: optional(text),
  search: optional(text),
  createdAfter: optional(whole),
  createdBefore: optional(whole),
  sort: {
    fits: (sort) => Object.hasOwn(SORT_FIELDS, (sort as ListQuery['sort'] | undefined)?.field ?? ''),
    be: `by one of ${Object.keys(SORT_FIELDS).join(', ')}`,
  },
  after: {
    fits: (after) => after === null || text.fits((after as { readonly id?: unknown } | undefined)?.id),
    be: 'null, or the id and the value of the last job before',
  },
  limit: { fits: (limit) => whole.fits(limit) && limit !== 0, be: 'a whole number, 1 or more' },
}

/** The events that `change` carries out. */
const CHANGE_EVENTS: readonly JobEvent[] = [
  ...(['promote', 'unblock', 'reschedule', 'resolve', 'cancel', 'retry', 'remove', 'undo'] as const),
]
/** Those that may be a condition of an insert. */
const INSERT_CHANGE_EVENTS: readonly JobEvent[] = ['cancel', 'remove', 'reschedule']

const checkRecordWrites = (writes: readonly RecordWrite[], name: string): void => {
  checkEach(writes, name, RECORD)
  const named = new Set<string>()
  for (const [i, { collection, key, value }] of writes.entries()) {
    if (key.length > RECORD_KEY_LENGTH_MAX)
      refuse(`${name}[${i}].key`, `at most ${RECORD_KEY_LENGTH_MAX} characters`)
    if (value !== null && Buffer.byteLength(value) > RECORD_BYTES_MAX) {
      const what = `${name}[${i}].value is larger than ${RECORD_BYTES_MAX} bytes.`
      throw new PosthasteError('E_TOO_LARGE', what, { field: `${name}[${i}].value` })
    }
    const document = JSON.stringify([collection, key])
    if (named.has(document)) refuse(`${name}[${i}]`, 'the only write of its document in this call')
    named.add(document)
  }
}

const checkExchange = (request: ExchangeRequest): void => {
  const { worker, settle = [], start = [], renew, claim } = request
  checkField(worker, 'worker', orNull(text))
  if (worker === null && (renew ?? claim) !== undefined) refuse('worker', 'named by who renews or claims')
  checkEach(settle, 'settle', SETTLEMENT)
  for (const [i, { add, records }] of settle.entries()) {
    if (add !== undefined) checkNewJobs(add, `settle[${i}].add`)
    if (records !== undefined) checkRecordWrites(records, `settle[${i}].records`)
  }
  checkEach(start, 'start', START)
  if (renew !== undefined) {
    checkFields(renew, 'renew', RENEW)
    checkEach(renew.leases, 'renew.leases', LEASE)
  }
  if (claim !== undefined) {
    checkFields(claim, 'claim', CLAIM)
    checkLimit(claim.limit, 'claim.limit')
    checkTexts(claim.queues, 'claim.queues')
    checkTexts(claim.tasks, 'claim.tasks')
    if (claim.order === 'listed' && claim.queues === null)
      refuse('claim.queues', 'a list when the order is "listed"')
  }
}

const checkChanges = (changes: readonly Change[], events: readonly JobEvent[]): void => {
  checkEach(changes, 'changes', CHANGE)
  for (const [i, { from, to }] of changes.entries()) {
    if (!events.some((event) => isLegal(event, from, to))) {
      refuse(`changes[${i}].to`, `a state that may follow ${from}`)
    }
  }
}

const checkRestore = (jobs: readonly KeptJob[]): void => {
  checkEach(jobs, 'jobs', { job: { fits: (job) => job instanceof Object, be: 'a job' }, log: array })
  for (const [i, { job, log }] of jobs.entries()) {
    checkFields(job, `jobs[${i}].job`, KEPT)
    checkEach(log, `jobs[${i}].log`, KEPT_LINE)
    const isFinished = job.state !== 'ready'
    if ((job.finishedAt !== null) !== isFinished)
      refuse(
        `jobs[${i}].job.finishedAt`,
        isFinished ? 'when the job finished' : 'null: the job is not finished',
      )
  }
}

const checkRequestCancel = (requests: Parameters<Engine['requestCancel']>[0]): void => {
  checkEach(requests, 'requests', {
    id: text,
    request: { fits: (value) => value instanceof Object, be: 'a request' },
  })
  for (const [i, { request }] of requests.entries()) checkFields(request, `requests[${i}].request`, CANCEL)
}

export const checks = {
  insert(jobs: readonly NewJob[], { tx, records, changes }: InsertOptions = {}): void {
    checkNewJobs(jobs, 'jobs')
    if (records !== undefined) checkRecordWrites(records, 'records')
    if (changes === undefined) return
    checkChanges(changes, INSERT_CHANGE_EVENTS)
    if (changes.some(({ from }) => isFinished(from))) refuse('changes', 'of jobs that are not finished')
    if (new Set(changes.map(({ id }) => id)).size < changes.length) refuse('changes', 'of different jobs')
    if (tx !== undefined) refuse('changes', 'left out when a transaction is brought')
  },
  exchange: checkExchange,
  report(reports: readonly Report[]): void {
    checkEach(reports, 'reports', REPORT)
    for (const [i, { log }] of reports.entries()) {
      if (log !== undefined) checkEach(log, `reports[${i}].log`, LOG_LINE)
    }
  },
  expired({ limit, after }: Parameters<Engine['expired']>[0]): void {
    checkLimit(limit)
    if (after !== null) checkFields(after, 'after', { leaseUntil: whole, id: text })
  },
  promote: ({ limit }: Parameters<Engine['promote']>[0]): void => checkLimit(limit),
  change: (changes: readonly Change[]): void => checkChanges(changes, CHANGE_EVENTS),
  overdue({ limit, after }: OverdueRequest): void {
    checkLimit(limit)
    if (after !== null) checkFields(after, 'after', { due: whole, id: text })
  },
  news({ limit, after }: NewsRequest): void {
    checkLimit(limit)
    if (after !== null) checkFields(after, 'after', { topic: TOPIC, id: text })
  },
  clearNews: (news: readonly News[]): void => checkEach(news, 'news', { topic: TOPIC, id: text, seq: whole }),
  batches: (ids: readonly string[]): void => checkTexts(ids, 'ids'),
  forgetBatches: (ids: readonly string[]): void => checkTexts(ids, 'ids'),
  requestCancel: checkRequestCancel,
  prune(request: PruneRequest): void {
    checkFields(request, 'prune', PRUNE)
    checkLimit(request.limit)
  },
  finished(request: FinishedRequest): void {
    checkFields(request, 'finished', FINISHED)
    if (request.after !== null) checkFields(request.after, 'after', { finishedAt: whole, id: text })
    checkLimit(request.limit)
  },
  restore: checkRestore,
  get: (ids: readonly string[]): void => checkTexts(ids, 'ids'),
  list(query: ListQuery): void {
    checkFields(query, 'list', LIST)
    checkLimit(query.limit, 'limit', PAGE_SIZE_MAX)
    for (const filter of ['states', 'queues', 'tasks'] as const) checkTexts(query[filter], filter)
  },
  logs({ id, after, limit }: Parameters<Engine['logs']>[0]): void {
    checkField(id, 'id', text)
    if (after !== null) checkFields(after, 'after', { fence: whole, seq: whole })
    checkLimit(limit)
  },
  pause: (requests: readonly PauseRequest[]): void => checkEach(requests, 'requests', PAUSE),
  beat: (beats: readonly WorkerBeat[]): void => checkEach(beats, 'beats', BEAT),
  setLimits: checkLimits,
  getRecords: (keys: readonly RecordKey[]): void => checkEach(keys, 'keys', RECORD_KEY),
  putRecords: (writes: readonly RecordWrite[]): void => checkRecordWrites(writes, 'writes'),
  listRecords({ collection, prefix, after, limit }: Parameters<Engine['listRecords']>[0]): void {
    checkFields({ collection, prefix, after }, 'listRecords', {
      collection: text,
      prefix: text,
      after: orNull(text),
    })
    checkLimit(limit)
  },
} satisfies { readonly [M in keyof Engine]?: (...args: Parameters<Engine[M]>) => void }
