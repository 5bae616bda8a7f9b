import { decideChild, decideOverdue, startBy } from '../core/flow.ts'
import type { Change, JobRecord } from '../core/job.ts'
import { ENGINE_BATCH_MAX } from '../core/limits.ts'
import { isFinished } from '../core/states.ts'
import { taskName } from '../core/task-name.ts'
import { toJob } from '../core/view.ts'
import type { News, NewsRequest, OverdueRequest } from '../engines/engine.ts'
import { within } from './deadline.ts'
import type { RuntimeDeps } from './deps.ts'

export interface DeciderOptions {
  readonly deps: RuntimeDeps
  readonly callTimeoutMs: number
  /** What to do about a batch of which there is news. */
  readonly decideBatches: (ids: readonly string[]) => Promise<void>
}

/** Pages of one sweep; what is beyond them waits for the next. */
const PAGES_MAX = 50

/**
 * Decides about jobs that wait for others, and about those that waited too long: list → decide → compare-and-set. News
 * are cleared after what they ask for is written, so that a crash in between repeats a decision and loses none; any
 * number of processes may do it at once.
 */
export class Decider {
  #options: DeciderOptions

  constructor(options: DeciderOptions) {
    this.#options = options
  }

  #ask<T>(call: () => Promise<T>): Promise<T> {
    const { deps, callTimeoutMs } = this.#options
    return within(deps.clock, callTimeoutMs, call)
  }

  /** Everything that there is news of. Answers how many news there were. */
  async sweep(): Promise<number> {
    const { engine } = this.#options.deps
    let heard = 0
    let after: NewsRequest['after'] = null
    for (let page = 0; page < PAGES_MAX; page++) {
      const request: NewsRequest = { limit: ENGINE_BATCH_MAX, after }
      const news = await this.#ask(() => engine.news(request))
      if (news.length === 0) break
      await this.#decide(news)
      heard += news.length
      const last = news.at(-1)
      if (last === undefined || news.length < ENGINE_BATCH_MAX) break
      after = { topic: last.topic, id: last.id }
    }
    return heard
  }

  async #decide(news: readonly News[]): Promise<void> {
    const { deps, decideBatches } = this.#options
    const idsOf = (topic: News['topic']) => news.filter((one) => one.topic === topic).map(({ id }) => id)
    const at = await this.#ask(() => deps.engine.now())
    await this.decideJobs(idsOf('job'), at)
    const batches = idsOf('batch')
    if (batches.length > 0) await decideBatches(batches)
    await this.#ask(() => deps.engine.clearNews(news))
  }

  /** What the parents of these jobs mean for them now. @param at the store's time */
  async decideJobs(ids: readonly string[], at: number): Promise<void> {
    if (ids.length === 0) return
    const jobs = (await this.#get(ids)).filter((job) => job !== null)
    const parents = [...new Set(jobs.flatMap(({ ties }) => ties?.parents.map(({ id }) => id) ?? []))]
    const known = new Map((await this.#get(parents)).map((job, i) => [parents[i], job]))
    const decided = jobs.flatMap((job) => {
      const now = job.ties?.parents.map(({ id }) => known.get(id) ?? null) ?? []
      const change = decideChild(job, now, at)
      return change === null ? [] : [{ job, change }]
    })
    await this.#write(decided)
  }

  /** Jobs that had to start by now, cancelled. */
  async expire(): Promise<void> {
    const { engine } = this.#options.deps
    let after: OverdueRequest['after'] = null
    for (let page = 0; page < PAGES_MAX; page++) {
      const request: OverdueRequest = { limit: ENGINE_BATCH_MAX, after }
      const jobs = await this.#ask(() => engine.overdue(request))
      if (jobs.length === 0) return
      const at = await this.#ask(() => engine.now())
      await this.#write(
        jobs.flatMap((job) => {
          const change = decideOverdue(job, at)
          return change === null ? [] : [{ job, change }]
        }),
      )
      const last = jobs.at(-1)
      if (last === undefined || jobs.length < ENGINE_BATCH_MAX) return
      after = { due: startBy(last) ?? 0, id: last.id }
    }
  }

  async #get(ids: readonly string[]): Promise<(JobRecord | null)[]> {
    const jobs: (JobRecord | null)[] = []
    for (let i = 0; i < ids.length; i += ENGINE_BATCH_MAX) {
      const some = ids.slice(i, i + ENGINE_BATCH_MAX)
      jobs.push(...(await this.#ask(() => this.#options.deps.engine.get(some))))
    }
    return jobs
  }

  /** A verdict other than ok: someone was faster, and what they did makes news of its own when it matters. */
  async #write(decided: readonly { readonly job: JobRecord; readonly change: Change }[]): Promise<void> {
    if (decided.length === 0) return
    const { engine, logger, events, tasks } = this.#options.deps
    const verdicts = await this.#ask(() => engine.change(decided.map(({ change }) => change)))
    for (const [i, { job, change }] of decided.entries()) {
      if (verdicts[i]?.status !== 'ok') continue
      const { to, reason } = change
      logger.debug({ job: job.id, task: job.task, state: to, reason }, 'a waiting job was decided about')
      if (to !== 'cancelled' || !events.has(to)) continue
      const [record] = await this.#get([job.id])
      if (record && isFinished(record.state))
        events.emit(to, toJob(record, tasks.get(taskName(job.task))?.retry?.maxRetries))
    }
  }
}
