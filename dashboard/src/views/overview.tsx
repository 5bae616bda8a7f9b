import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { JOB_STATES, STATES } from '../../../src/core/states.ts'
import { listJobs } from '../api/calls.ts'
import { onLive } from '../api/live.ts'
import type { JobRow, WireStats } from '../api/types.ts'
import { StateBadge } from '../components/badge.tsx'
import { FirstJob } from '../components/first-job.tsx'
import { NoWorker } from '../components/no-worker.tsx'
import { ProblemNotice } from '../components/notice.tsx'
import { QueueTable } from '../components/queue-table.tsx'
import { Section } from '../components/section.tsx'
import { Sparkline } from '../components/sparkline.tsx'
import { useTitle } from '../components/use.ts'
import { When } from '../components/when.tsx'
import { count, span } from '../lib/time.ts'
import { JOBS_PATH, jobsHref } from '../state/jobs.ts'
import { createRefresher } from '../state/refresher.ts'
import { rate, rateSteps, stats, statsProblem } from '../state/stats.ts'

const FAILURES = 6
const PAUSE_MS = 2_000
const failures = signal<readonly JobRow[]>([])

/** How things stand, on one screen. */
export const Overview = () => {
  useTitle('Overview')
  useEffect(watchFailures, [])
  const numbers = stats.value
  return (
    <>
      <h1 class="sr-only">Overview</h1>
      <ProblemNotice problem={statsProblem.value} />
      {numbers !== null && (numbers.total === 0 ? <FirstJob /> : <Numbers numbers={numbers} />)}
    </>
  )
}

const Numbers = ({ numbers }: { readonly numbers: WireStats }) => (
  <>
    <div class="tiles">
      {JOB_STATES.map((state) => (
        <a
          key={state}
          class="tile"
          data-state={state}
          href={jobsHref({ states: [state] })}
          title={STATES[state].means}
        >
          <span class="tile-name">{state}</span>
          <span class="tile-number">{count(numbers.states[state])}</span>
        </a>
      ))}
    </div>
    <Vitals numbers={numbers} />
    {numbers.workers.length === 0 && <NoWorker waiting={numbers.states.ready} />}
    <div class="overview-columns">
      <Section title="Queues">
        <QueueTable queues={numbers.queues} brief />
      </Section>
      <Failures />
    </div>
  </>
)

const Vitals = ({ numbers }: { readonly numbers: WireStats }) => {
  const running = numbers.workers.reduce((sum, worker) => sum + (worker.running ?? 0), 0)
  const slots = numbers.workers.reduce((sum, worker) => sum + (worker.concurrency ?? 0), 0)
  return (
    <dl class="vitals">
      <div>
        <dt>Finished per minute</dt>
        <dd>
          {rate.value === null ? <span class="quiet">measuring</span> : count(rate.value)}
          <Sparkline values={rateSteps.value} label="Jobs finished in the last minute" />
        </dd>
      </div>
      <div>
        <dt>Longest wait</dt>
        <dd>
          {numbers.oldestReadyAgeMs === null ? (
            <span class="quiet">nothing waits</span>
          ) : (
            span(numbers.oldestReadyAgeMs)
          )}
        </dd>
      </div>
      <div>
        <dt>Workers</dt>
        <dd>
          <a href="/dashboard/workers">{count(numbers.workers.length)}</a>
          {slots > 0 && (
            <span class="quiet">
              {count(running)} of {count(slots)} slots busy
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>Store</dt>
        <dd>
          {numbers.engine.kind}
          <span class="quiet">{DURABILITY[numbers.engine.durability]}</span>
        </dd>
      </div>
    </dl>
  )
}

const DURABILITY = {
  none: 'kept in memory only',
  process: 'survives a crash of the process',
  system: 'survives a power loss',
} as const

const watchFailures = (): (() => void) => {
  const refresher = createRefresher(async () => {
    try {
      const query = new URLSearchParams({ state: 'dead,retrying', limit: String(FAILURES), view: 'row' })
      failures.value = (await listJobs(query)).jobs
    } catch {
      // The numbers above come from the same server and say what is wrong with it.
    }
  }, PAUSE_MS)
  refresher.ask()
  const stop = onLive((event) => {
    if (event.type === 'changed' || event.type === 'job') refresher.ask()
  })
  return () => {
    stop()
    refresher.stop()
  }
}

const Failures = () => (
  <Section title="Latest failures">
    {failures.value.length === 0 ? (
      <p class="quiet">No job is dead or waits for a retry.</p>
    ) : (
      <ul class="failures">
        {failures.value.map((job) => (
          <li key={job.id}>
            <StateBadge state={job.state} />
            <a href={`${JOBS_PATH}/${job.id}`}>{job.task}</a>
            <When at={job.finishedAt ?? job.startedAt} />
            <p class="error-text">{job.lastError?.message ?? job.reason ?? 'No error was recorded.'}</p>
          </li>
        ))}
      </ul>
    )}
    <p>
      <a href={jobsHref({ states: ['dead'] })}>All dead jobs</a>
    </p>
  </Section>
)
