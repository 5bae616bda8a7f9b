import type { CancelRequest, Change, RecordKey, RecordWrite } from '../../core/job.ts'
import type {
  Engine,
  ExpiredRequest,
  FinishedRequest,
  KeptJob,
  LimitWrite,
  ListQuery,
  News,
  NewsRequest,
  OverdueRequest,
  PauseRequest,
  PruneRequest,
  Report,
  WorkerBeat,
} from '../engine.ts'
import { getRecords, listRecords, putRecords } from './documents.ts'
import { exchange } from './exchange.ts'
import { insert } from './insert.ts'
import { findJob } from './jobs.ts'
import { finished, restore } from './keeping.ts'
import { limits, setLimits } from './limits.ts'
import { listStep } from './list.ts'
import type { Session } from './session.ts'
import { change, expired, promote, prune, report, requestCancel } from './steps.ts'
import { clearNews, forgetBatch, news, overdue, readBatch } from './ties.ts'
import { beat, counts, logs, pause, queues, workers } from './views.ts'
import type { WireRequest } from './wire.ts'
import type { WireInsert } from './wire-insert.ts'

/** What a call can be: the methods of the contract, as they travel. */
const writes = {
  insert: (session: Session, request: WireInsert) => insert(session, request),
  exchange: (session: Session, request: WireRequest) => exchange(session, request),
  report: (session: Session, reports: readonly Report[]) => reports.map((one) => report(session, one)),
  promote: (session: Session, limit: number) => promote(session, limit),
  change: (session: Session, changes: readonly Change[]) => changes.map((one) => change(session, one)),
  requestCancel: (session: Session, requests: readonly { id: string; request: CancelRequest }[]) =>
    requests.map(({ id, request }) => requestCancel(session, id, request)),
  clearNews: (session: Session, some: readonly News[]) => {
    for (const one of some) clearNews(session, one)
  },
  forgetBatches: (session: Session, ids: readonly string[]) => {
    for (const id of ids) forgetBatch(session, id)
  },
  prune: (session: Session, request: PruneRequest) => prune(session, request),
  restore: (session: Session, jobs: readonly KeptJob[]) => jobs.map((one) => restore(session, one)),
  pause: (session: Session, requests: readonly PauseRequest[]) => {
    for (const one of requests) pause(session, one)
  },
  beat: (session: Session, beats: readonly WorkerBeat[]) => {
    for (const one of beats) beat(session, one)
  },
  setLimits: (session: Session, list: readonly LimitWrite[]) => setLimits(session, list),
  putRecords: (session: Session, list: readonly RecordWrite[]) => putRecords(session, list),
}

const reads = {
  now: (session: Session) => session.now,
  expired: (session: Session, request: ExpiredRequest) => expired(session, request),
  overdue: (session: Session, request: OverdueRequest) => overdue(session, request),
  news: (session: Session, request: NewsRequest) => news(session, request),
  batches: (session: Session, ids: readonly string[]) => ids.map((id) => readBatch(session, id)),
  finished: (session: Session, request: FinishedRequest) => finished(session, request),
  get: (session: Session, ids: readonly string[]) => ids.map((id) => findJob(session, id)?.job ?? null),
  list: (session: Session, { query, limit }: { query: ListQuery; limit: number }) =>
    listStep(session, query, limit),
  counts: (session: Session) => counts(session),
  logs: (session: Session, request: Parameters<Engine['logs']>[0]) => logs(session, request),
  queues: (session: Session) => queues(session),
  workers: (session: Session) => workers(session),
  limits: (session: Session) => limits(session),
  getRecords: (session: Session, keys: readonly RecordKey[]) => getRecords(session, keys),
  listRecords: (session: Session, request: Parameters<Engine['listRecords']>[0]) =>
    listRecords(session, request),
}

type Operations = typeof writes & typeof reads
export type OperationName = keyof Operations
export type ArgumentOf<Name extends OperationName> = Parameters<Operations[Name]>[1]
export type AnswerOf<Name extends OperationName> = ReturnType<Operations[Name]>

/** One call on its way to the database. */
export interface Call {
  readonly name: OperationName
  readonly argument: unknown
}

export const isWrite = ({ name }: Call): boolean => Object.hasOwn(writes, name)

export const perform = (session: Session, { name, argument }: Call): unknown =>
  ({ ...writes, ...reads })[name](session, argument as never)
