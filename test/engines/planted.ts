import type { JobRecord, LimitSetting, NewJob } from '../../src/core/job.ts'
import { ENGINE_BATCH_MAX, WEIGHT_MAX } from '../../src/core/limits.ts'
import { FINISHED_STATES } from '../../src/core/states.ts'
import type { Engine, ExchangeRequest, ListQuery } from '../../src/engines/engine.ts'

/**
 * Mistakes that an engine could make, made on purpose on top of one that is right: what the conformance suite is worth
 * shows when it meets them. `POSTHASTE_PLANTED_BUG=<name> npx vitest run test/engines/conformance.test.ts` plants one.
 */
interface Bug {
  /** What goes wrong. */
  readonly is: string
  /** The subject of the suite that has to notice. */
  readonly noticedBy: string
  /** The methods as the buggy engine has them. */
  readonly plant: (sound: Engine) => Partial<Engine>
}

const OLDEST_FIRST: ListQuery = { sort: { field: 'id', descending: false }, after: null, limit: 200 }

/** The request under whatever fences the jobs have by now. */
const withCurrentFences = async <T extends { readonly id: string; readonly fence: number }>(
  sound: Engine,
  list: readonly T[],
): Promise<T[]> => {
  const jobs = await sound.get(list.map(({ id }) => id))
  return list.map((one, index) => ({ ...one, fence: jobs[index]?.fence ?? one.fence }))
}

/** An engine whose exchange is another one; the rest of the request passes as it is. */
const exchanging =
  (work: (request: ExchangeRequest, sound: Engine) => ReturnType<Engine['exchange']>) => (sound: Engine) => ({
    exchange: (request: ExchangeRequest) => work(request, sound),
  })

/** Cancels and removes a job that is not running, whatever else is the matter. */
const removeJob = async (sound: Engine, job: JobRecord): Promise<void> => {
  if (job.state === 'running') return
  const { id, fence, state, attempt, retries, crashes, solo, reason, output, error, history } = job
  const values = { attempt, retries, crashes, solo, reason, output, error, history }
  await sound.change([{ id, fence, from: state, to: 'removed', ...values }])
}

/** A row of limits as it was written. */
const settingOf = ({ scope, name, concurrency, rate, weight, pausedBy, by }: LimitSetting): LimitSetting => ({
  ...{ scope, name, concurrency, rate, weight, pausedBy, by },
})

export const BUGS: { readonly [name: string]: Bug } = {
  'settle-ignores-fence': {
    is: 'a worker that lost its lease settles the job all the same',
    noticedBy: 'Leases',
    plant: exchanging(async (request, sound) => {
      if (request.settle === undefined) return await sound.exchange(request)
      return await sound.exchange({ ...request, settle: await withCurrentFences(sound, request.settle) })
    }),
  },

  'renew-revives-stale': {
    is: 'a renewal under an old fence prolongs the lease of the new holder',
    noticedBy: 'Leases',
    plant: exchanging(async (request, sound) => {
      if (request.renew === undefined) return await sound.exchange(request)
      const leases = await withCurrentFences(sound, request.renew.leases)
      return await sound.exchange({ ...request, renew: { ...request.renew, leases } })
    }),
  },

  'checkpoint-unfenced': {
    is: 'progress, checkpoints and log lines are taken from anybody',
    noticedBy: 'Leases',
    plant: (sound) => ({
      report: async (reports) => await sound.report(await withCurrentFences(sound, reports)),
    }),
  },

  'lost-claims-forgotten': {
    is: 'a complete renewal does not name the leases that the worker does not know of',
    noticedBy: 'Leases',
    plant: exchanging(async (request, sound) => ({ ...(await sound.exchange(request)), unknown: [] })),
  },

  'expired-forgets-after': {
    is: 'a sweeper sees the same expired leases again and again',
    noticedBy: 'Rescue and requests to cancel',
    plant: (sound) => ({ expired: ({ limit }) => sound.expired({ limit, after: null }) }),
  },

  'cancel-request-lost': {
    is: 'a request to cancel is answered and not stored',
    noticedBy: 'Rescue and requests to cancel',
    plant: (sound) => ({
      requestCancel: async (requests) => {
        const jobs = await sound.get(requests.map(({ id }) => id))
        return jobs.map((job) => (job === null ? 'missing' : job.state === 'running' ? 'ok' : 'stale'))
      },
    }),
  },

  'claim-ignores-pause': {
    is: 'jobs of a paused queue are claimed',
    noticedBy: 'Queues and counts',
    plant: exchanging(async (request, sound) => {
      const paused = (await sound.queues()).filter((row) => row.paused)
      const toggle = (on: boolean) =>
        sound.pause(paused.map(({ queue, pausedBy }) => ({ queue, paused: on, by: pausedBy ?? '' })))
      await toggle(false)
      const answer = await sound.exchange(request)
      await toggle(true)
      return answer
    }),
  },

  'claim-ignores-priority': {
    is: 'claimed jobs come by due time alone',
    noticedBy: 'Claiming',
    plant: exchanging(async (request, sound) => {
      const answer = await sound.exchange(request)
      const byTime = (a: JobRecord, b: JobRecord) => a.runAt - b.runAt || (a.id < b.id ? -1 : 1)
      return { ...answer, jobs: [...answer.jobs].sort(byTime) }
    }),
  },

  'solo-in-company': {
    is: 'a job that is to run alone is handed out with others',
    noticedBy: 'Claiming',
    plant: exchanging(async (request, sound) => {
      const answer = await sound.exchange(request)
      const { worker, claim } = request
      if (!answer.more || claim === undefined || answer.jobs.length === claim.limit) return answer
      const more = await sound.exchange({
        worker,
        claim: { ...claim, limit: claim.limit - answer.jobs.length },
      })
      return { ...more, jobs: [...answer.jobs, ...more.jobs] }
    }),
  },

  'duplicate-id-overwrites': {
    is: 'an id that exists is stored again, over the job that has it',
    noticedBy: 'Adding jobs',
    plant: (sound) => ({
      insert: async (jobs, options) => {
        for (const job of await sound.get(jobs.map(({ id }) => id)))
          if (job !== null) await removeJob(sound, job)
        return await sound.insert(jobs, options)
      },
    }),
  },

  'key-kept-by-finished': {
    is: 'a finished job goes on holding its unique key',
    noticedBy: 'Unique keys',
    plant: (sound) => ({
      insert: async (jobs, options) => {
        const holders = new Map<string, string>()
        for (const { id, key } of jobs) {
          if (key === null) continue
          const { jobs: found } = await sound.list({ ...OLDEST_FIRST, key, states: FINISHED_STATES })
          if (found[0] !== undefined && found[0].id !== id) holders.set(id, found[0].id)
        }
        const answer = await sound.insert(
          jobs.filter(({ id }) => !holders.has(id)),
          options,
        )
        const rest = [...answer.verdicts]
        const verdictOf = ({ id }: NewJob) => {
          const holder = holders.get(id)
          return holder === undefined ? rest.shift() : { status: 'duplicate' as const, id: holder }
        }
        return { ...answer, verdicts: jobs.map(verdictOf) as typeof answer.verdicts }
      },
    }),
  },

  'payload-rewritten': {
    is: 'payloads are read as JSON and written anew',
    noticedBy: 'Fidelity',
    plant: (sound) => ({
      insert: (jobs, options) => {
        const rewritten = jobs.map((job) => {
          try {
            return { ...job, payload: JSON.stringify(JSON.parse(job.payload)) }
          } catch {
            return job
          }
        })
        return sound.insert(rewritten, options)
      },
    }),
  },

  'side-effects-despite-refusal': {
    is: 'the jobs of a settlement are added although it is refused',
    noticedBy: 'Settling',
    plant: exchanging(async (request, sound) => {
      const answer = await sound.exchange(request)
      for (const [index, { add = [] }] of (request.settle ?? []).entries()) {
        if (answer.settled[index] !== 'ok') await sound.insert(add)
      }
      return answer
    }),
  },

  'repeat-is-stale': {
    is: 'a settlement that comes again after its answer was lost is called stale',
    noticedBy: 'Settling',
    plant: exchanging(async (request, sound) => {
      const settle = request.settle ?? []
      const before = await sound.get(settle.map(({ id }) => id))
      const answer = await sound.exchange(request)
      const verdicts = answer.settled.map((verdict, index) =>
        verdict === 'ok' && before[index]?.state !== 'running' ? 'stale' : verdict,
      )
      return { ...answer, settled: verdicts }
    }),
  },

  'records-half-written': {
    is: 'of the records of one call, those without a conflict are written',
    noticedBy: 'Documents',
    plant: (sound) => ({
      putRecords: async (writes) => {
        const verdicts = await sound.putRecords(writes)
        await sound.putRecords(writes.filter((_, index) => verdicts[index]?.status === 'refused'))
        return verdicts
      },
    }),
  },

  'counts-drift-on-retry': {
    is: 'a job that is sent round again is counted once more',
    noticedBy: 'Changes by operators',
    plant: (sound) => {
      let drift = 0
      return {
        change: async (changes) => {
          const verdicts = await sound.change(changes)
          const isRetried = (index: number) =>
            changes[index]?.to === 'ready' && changes[index]?.from !== 'blocked'
          drift += verdicts.filter(({ status }, index) => status === 'ok' && isRetried(index)).length
          return verdicts
        },
        counts: async () =>
          (await sound.counts()).map((row, index) =>
            index === 0 ? { ...row, count: row.count + drift } : row,
          ),
      }
    },
  },

  'prune-removes-young': {
    is: 'the count limit removes jobs that finished just now',
    noticedBy: 'Pruning',
    plant: (sound) => ({ prune: (request) => sound.prune({ ...request, minAgeMs: 0 }) }),
  },

  'page-repeats-its-border': {
    is: 'a page begins with the last job of the page before',
    noticedBy: 'Lists',
    plant: (sound) => ({
      list: async (query) => {
        const page = await sound.list(query)
        const [border] = query.after === null ? [] : await sound.get([query.after.id])
        return border ? { ...page, jobs: [border, ...page.jobs].slice(0, query.limit) } : page
      },
    }),
  },

  'batch-without-bound': {
    is: 'a call of any size is accepted, in several steps',
    noticedBy: 'Batches',
    plant: (sound) => ({
      insert: async (jobs, options) => {
        const first = await sound.insert(jobs.slice(0, ENGINE_BATCH_MAX), options)
        if (jobs.length <= ENGINE_BATCH_MAX) return first
        const rest = await sound.insert(jobs.slice(ENGINE_BATCH_MAX))
        return { ...first, verdicts: [...first.verdicts, ...rest.verdicts] }
      },
    }),
  },

  'limit-leaks-a-permit': {
    is: 'a job that is given back goes on counting for its limits',
    noticedBy: 'Limits',
    plant: exchanging(async (request, sound) => {
      const given = (request.settle ?? []).filter(({ to }) => to === 'ready').length
      if (given === 0) return await sound.exchange(request)
      const { claim, ...rest } = request
      const answer = await sound.exchange(rest)
      const writes = (await sound.limits()).flatMap((setting) =>
        setting.concurrency === null
          ? []
          : { ...settingOf(setting), concurrency: Math.max(0, setting.concurrency - given), expect: null },
      )
      await sound.setLimits(writes)
      return claim === undefined ? answer : await sound.exchange({ worker: request.worker, claim })
    }),
  },

  'rate-counts-one-too-few': {
    is: 'a rate lets one claim more go than it says',
    noticedBy: 'Limits',
    plant: (sound) => {
      const raised = <T extends LimitSetting>(setting: T, by: number): T =>
        setting.rate === null
          ? setting
          : { ...setting, rate: { ...setting.rate, max: setting.rate.max + by } }
      return {
        setLimits: (writes) => sound.setLimits(writes.map((write) => raised(write, 1))),
        limits: async () => (await sound.limits()).map((row) => raised(row, -1)),
      }
    },
  },

  'turn-stands-still': {
    is: 'the turn of a group hardly moves on when one of its jobs is claimed',
    noticedBy: 'Groups take turns',
    plant: (sound) => ({
      insert: async (jobs, options) => {
        const first = jobs.find(({ group }) => group !== null)
        if (first !== undefined) {
          const bounds = { concurrency: null, rate: null, weight: WEIGHT_MAX, pausedBy: null }
          const name = `${first.queue}/${first.group}`
          await sound.setLimits([{ scope: 'group', name, ...bounds, by: 'nobody', expect: null }])
        }
        return await sound.insert(jobs, options)
      },
    }),
  },

  'open-after-close': {
    is: 'reading goes on after the engine was closed',
    noticedBy: 'Opening and closing',
    plant: (sound) => ({ counts: () => sound.counts().catch(() => []) }),
  },
}

/** The engine with one of the bugs. */
export const plant = (sound: Engine, name: string): Engine => {
  const bug = BUGS[name]
  if (bug === undefined)
    throw new Error(`There is no bug "${name}" to plant; there are ${Object.keys(BUGS).join(', ')}.`)
  const methods = bug.plant(sound) as Record<string | symbol, unknown>
  return new Proxy(sound, {
    get(target, property) {
      if (property in methods) return methods[property]
      const member: unknown = Reflect.get(target, property)
      // Bound to the engine beneath: methods may need private fields that a proxy does not have.
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** The engine with the bug that the environment asks for, or as it is. */
export const asAskedFor = (sound: Engine): Engine => {
  const name = process.env.POSTHASTE_PLANTED_BUG
  return name === undefined || name === '' ? sound : plant(sound, name)
}
