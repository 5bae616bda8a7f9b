import assert from 'node:assert/strict'
import { createIdSource, type IdSource } from '../../core/ids.ts'
import type { Change, JobRecord, JobTies, NewJob, Settlement } from '../../core/job.ts'
import type { ManualClock } from '../../core/manual-clock.ts'
import { isFinished, type JobState } from '../../core/states.ts'
import type { ClaimRequest, Engine, SettleVerdict } from '../engine.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'

export const LEASE_MS = 30_000
export const DELAY_MS = 60_000
/** The worker that holds leases unless a case names another. */
export const WORKER = 'worker-1'

/** An empty store with its clock, and short words for what most cases do with it. */
export class Lab {
  readonly engine: Engine
  readonly clock: ManualClock
  readonly newId: IdSource
  /** Set by cases after which there is nothing to look at (the engine is closed), or too much. */
  isDone = false

  constructor(engine: Engine, clock: ManualClock) {
    this.engine = engine
    this.clock = clock
    this.newId = createIdSource({ now: clock.now })
  }

  /** A job that is ready at once, unless `given` says otherwise. */
  job(given: Partial<NewJob> = {}): NewJob {
    return {
      id: this.newId(),
      task: 'greet',
      queue: 'default',
      group: null,
      priority: 5,
      payload: '{}',
      delayMs: 0,
      runAt: null,
      blocked: null,
      maxRetries: null,
      leaseMs: null,
      options: null,
      key: null,
      ref: null,
      tags: null,
      ties: null,
      ...given,
    }
  }

  async add(given: Partial<NewJob> = {}): Promise<JobRecord> {
    const job = this.job(given)
    const { verdicts } = await this.engine.insert([job])
    assert.deepEqual(verdicts, [{ status: 'inserted', id: job.id }])
    return await this.get(job.id)
  }

  /** `count` jobs in one call; `given` may differ from job to job. */
  async addMany(count: number, given: (index: number) => Partial<NewJob> = () => ({})): Promise<NewJob[]> {
    const jobs = Array.from({ length: count }, (_, index) => this.job(given(index)))
    const { verdicts } = await this.engine.insert(jobs)
    assert.ok(verdicts.every(({ status }) => status === 'inserted'))
    return jobs
  }

  async get(id: string): Promise<JobRecord> {
    const [job] = await this.engine.get([id])
    assert.ok(job, `job ${id} exists`)
    return job
  }

  async claim(given: Partial<ClaimRequest> = {}, worker = WORKER): Promise<JobRecord[]> {
    const { jobs } = await this.engine.exchange({ worker, claim: claimRequest(given) })
    return jobs
  }

  /** Adds a job and claims it; no other job may be ready. */
  async run(given: Partial<NewJob> = {}, worker = WORKER): Promise<JobRecord> {
    const { id } = await this.add(given)
    const [job, ...others] = await this.claim({}, worker)
    assert.equal(job?.id, id)
    assert.deepEqual(others, [])
    return await this.get(id)
  }

  /** Settlements that keep everything as it is on the job, but for `to` and what is given. */
  settlement(job: JobRecord, to: Settlement['to'], given: Partial<Settlement> = {}): Settlement {
    return { ...keep(job), startedAt: job.startedAt, to, ...delayOf(to), unlessCancelled: false, ...given }
  }

  async settle(...args: Parameters<Lab['settlement']>): Promise<SettleVerdict | undefined> {
    const { settled } = await this.engine.exchange({ worker: null, settle: [this.settlement(...args)] })
    return settled[0]
  }

  /** Likewise for changes; `from` is the state that the job is in. */
  change(job: JobRecord, to: Change['to'], given: Partial<Change> = {}): Change {
    return { ...keep(job), from: job.state as Change['from'], to, ...delayOf(to), ...given }
  }

  /** Brings a new job into a state, through nothing but the contract. */
  async bring(state: JobState, given: Partial<NewJob> = {}): Promise<JobRecord> {
    if (state === 'blocked') return await this.add({ blocked: 'waits', ...given })
    if (state === 'scheduled') return await this.add({ delayMs: DELAY_MS, ...given })
    if (state === 'ready') return await this.add(given)
    const running = await this.run(given)
    if (state === 'running') return running
    const more = isFinished(state) ? { output: '"out"', reason: state === 'completed' ? null : 'why' } : {}
    assert.equal(await this.settle(running, state, { attempt: 1, ...more }), 'ok')
    return await this.get(running.id)
  }

  async snapshot(): Promise<Snapshot> {
    return await takeSnapshot(this.engine)
  }

  /** Carries out `work` and proves that it left everything as it was. */
  async changesNothing<T>(work: () => Promise<T>): Promise<T> {
    const before = await this.snapshot()
    const answer = await work()
    assert.deepEqual(await this.snapshot(), before)
    return answer
  }

  /** Proves that `work` is refused with the code, and that it left everything as it was. */
  async refuses(code: string, work: () => Promise<unknown>): Promise<void> {
    await this.changesNothing(() => assert.rejects(work, (error: { code?: unknown }) => error.code === code))
  }
}

export const claimRequest = (given: Partial<ClaimRequest> = {}): ClaimRequest => ({
  limit: 100,
  queues: null,
  tasks: null,
  order: 'merged',
  leaseMs: LEASE_MS,
  ...given,
})

/** Ties that bind a job to nothing, unless `given` says otherwise. */
export const ties = (given: Partial<JobTies>): JobTies => ({
  keyUntil: 'finish',
  keyMs: null,
  keyFrom: null,
  parents: [],
  batch: null,
  dueMs: null,
  dueAt: null,
  ...given,
})

const keep = ({ id, fence, attempt, retries, crashes, solo, reason, output, error, history }: JobRecord) => ({
  ...{ id, fence, attempt, retries, crashes, solo, reason, output, error, history },
})

const delayOf = (to: string): { delayMs?: number } =>
  to === 'scheduled' || to === 'retrying' ? { delayMs: DELAY_MS } : {}

export const idsOf = (jobs: readonly { readonly id: string }[]): string[] => jobs.map(({ id }) => id)
