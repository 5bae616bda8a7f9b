import type { WireWorker } from '../api/types.ts'
import { Command } from '../components/copy.tsx'
import { Empty, ProblemNotice } from '../components/notice.tsx'
import { useTitle } from '../components/use.ts'
import { When } from '../components/when.tsx'
import { jobsHref } from '../state/jobs.ts'
import { stats, statsProblem } from '../state/stats.ts'

export const Workers = () => {
  useTitle('Workers')
  const workers = stats.value?.workers
  return (
    <>
      <h1>Workers</h1>
      <p class="lead">
        Processes that run jobs, wherever they are. One that is not heard of for a minute disappears.
      </p>
      <ProblemNotice problem={statsProblem.value} />
      {workers !== undefined && (workers.length > 0 ? <WorkerTable workers={workers} /> : <NoWorkers />)}
      <UnknownTasks />
    </>
  )
}

const NoWorkers = () => (
  <Empty title="No worker is alive">
    <p>Jobs wait until one is. Start a process of its own, or everything together:</p>
    <Command text="posthaste worker --workers 8" />
    <Command text="posthaste start" />
    <p>A program of yours becomes one with:</p>
    <Command text="ph.work({ concurrency: 50 })" />
  </Empty>
)

const WorkerTable = ({ workers }: { readonly workers: readonly WireWorker[] }) => (
  <div class="panel flush">
    <table class="table worker-table">
      <caption class="sr-only">Live workers</caption>
      <thead>
        <tr>
          <th scope="col">Worker</th>
          <th scope="col">Busy</th>
          <th scope="col" class="wide">
            Queues
          </th>
          <th scope="col" class="wide">
            Tasks
          </th>
          <th scope="col" class="wide">
            Version
          </th>
          <th scope="col" class="wide">
            Since
          </th>
          <th scope="col">Heard of</th>
        </tr>
      </thead>
      <tbody>
        {workers.map((worker) => (
          <tr key={worker.id}>
            <th scope="row">
              {worker.host ?? 'unknown host'}
              {worker.pid !== null && <span class="quiet"> process {worker.pid}</span>}
              <code class="below">{worker.id}</code>
            </th>
            <td>
              <Busy worker={worker} />
            </td>
            <td class="wide">{worker.queues?.join(', ') ?? <span class="quiet">all</span>}</td>
            <td class="wide">{worker.tasks?.join(', ') ?? <span class="quiet">any</span>}</td>
            <td class="wide">{worker.version ?? <span class="quiet">–</span>}</td>
            <td class="wide">
              <When at={worker.firstSeenAt} />
            </td>
            <td>
              <When at={worker.lastSeenAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

const Busy = ({ worker: { running, concurrency } }: { readonly worker: WireWorker }) => {
  if (running === null || concurrency === null) return <span class="quiet">–</span>
  return (
    <span class="busy">
      <meter min={0} max={Math.max(1, concurrency)} value={running} aria-label="Busy slots" />
      {running} <span class="quiet">of {concurrency}</span>
    </span>
  )
}

/** Tasks that have jobs and that no live worker knows: often a misspelt name. */
const UnknownTasks = () => {
  const unknown = stats.value?.tasks.filter(
    ({ known, states }) => !known && states.ready + states.scheduled + states.retrying > 0,
  )
  if (unknown === undefined || unknown.length === 0 || stats.value?.workers.length === 0) return null
  return (
    <section class="panel">
      <h2>Tasks that no live worker knows</h2>
      <ul class="plain">
        {unknown.map(({ task }) => (
          <li key={task}>
            <a href={jobsHref({ task })}>{task}</a>
          </li>
        ))}
      </ul>
      <p class="quiet">Start a worker that has the task, or look whether its name is spelt right.</p>
    </section>
  )
}
