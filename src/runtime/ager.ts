import { type AgeingRule, age } from '../core/ageing.ts'
import type { Change } from '../core/job.ts'
import { AGEING_LOOK_MAX, AGEING_SWEEP_MS, PAGE_SIZE_MAX } from '../core/limits.ts'
import { asArchived } from '../engines/archived.ts'
import type { ListQuery } from '../engines/engine.ts'
import type { RuntimeDeps } from './deps.ts'

/**
 * Raises the priority of ready jobs that wait long: list → decide → compare-and-set, so that any number of maintainers
 * may do it. Looks at those that were added longest ago, so many in a round, and goes on behind them in the next one.
 */
export class Ager {
  #deps: RuntimeDeps
  #ask: <T>(call: () => Promise<T>) => Promise<T>
  #rule: AgeingRule
  /** Where the next round goes on; null: at the oldest. */
  #after: ListQuery['after'] = null

  constructor(deps: RuntimeDeps, ask: <T>(call: () => Promise<T>) => Promise<T>, rule: AgeingRule) {
    this.#deps = deps
    this.#ask = ask
    this.#rule = rule
  }

  /** One round. Answers in how many ms the next one is due. */
  async sweep(): Promise<number> {
    const { engine, logger } = this.#deps
    // Ready jobs are never in an archive.
    const live = asArchived(engine)?.live ?? engine
    const { everyMs, queues } = this.#rule
    const now = await this.#ask(() => live.now())
    const paceMs = Math.min(AGEING_SWEEP_MS, everyMs)
    for (let looked = 0; looked < AGEING_LOOK_MAX; looked += PAGE_SIZE_MAX) {
      const query: ListQuery = {
        states: ['ready'],
        ...(queues === null ? {} : { queues }),
        // Who was added since has not waited so long.
        createdBefore: now - everyMs + 1,
        sort: { field: 'id', descending: false },
        after: this.#after,
        limit: PAGE_SIZE_MAX,
      }
      const { jobs, more } = await this.#ask(() => live.list(query))
      const changes = jobs
        .map((job) => age(job, this.#rule, now, 'maintainer'))
        .filter((change): change is Change => change !== null)
      if (changes.length > 0) {
        const verdicts = await this.#ask(() => live.change(changes))
        const aged = verdicts.filter(({ status }) => status === 'ok').length
        logger.debug({ aged }, 'jobs that waited long come earlier')
      }
      const last = jobs.at(-1)
      this.#after = more && last !== undefined ? { id: last.id, value: last.id } : null
      if (this.#after === null) return paceMs
    }
    // More are waiting than one round looks at.
    return Math.min(paceMs, AGAIN_MS)
  }
}

/** A long backlog is walked through at this pace. */
const AGAIN_MS = 1_000
