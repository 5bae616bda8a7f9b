import { Command } from '../components/copy.tsx'
import { Empty, ProblemNotice } from '../components/notice.tsx'
import { QueueTable } from '../components/queue-table.tsx'
import { useTitle } from '../components/use.ts'
import { stats, statsProblem } from '../state/stats.ts'

export const Queues = () => {
  useTitle('Queues')
  const queues = stats.value?.queues
  return (
    <>
      <h1>Queues</h1>
      <p class="lead">
        No job of a paused queue is started; those that run go on. Jobs can still be added, and wait.
      </p>
      <ProblemNotice problem={statsProblem.value} />
      {queues !== undefined &&
        (queues.length > 0 ? (
          <div class="panel flush">
            <QueueTable queues={queues} />
          </div>
        ) : (
          <Empty title="No queues yet">
            <p>
              A queue exists as soon as a job is added to it. Jobs that name none go to the queue “default”.
            </p>
            <Command text="posthaste submit --queue mail --payload hello" />
          </Empty>
        ))}
    </>
  )
}
