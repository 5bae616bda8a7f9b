import { useEffect } from 'preact/hooks'
import type { WireTask } from '../api/types.ts'
import { Command } from '../components/copy.tsx'
import { Icon } from '../components/icon.tsx'
import { Empty, ProblemNotice } from '../components/notice.tsx'
import { useTitle } from '../components/use.ts'
import { shapeOf, summaryOf } from '../lib/schema-shape.ts'
import { count } from '../lib/time.ts'
import { jobsHref } from '../state/jobs.ts'
import { stats } from '../state/stats.ts'
import { addHref, loadTasks, tasks, tasksProblem } from '../state/tasks.ts'

/** What can be done: the tasks of this server, and those that only workers elsewhere know. */
export const Tasks = () => {
  useTitle('Tasks')
  useEffect(() => {
    void loadTasks()
  }, [])
  const known = tasks.value
  const rows = known === null ? [] : [...known, ...elsewhere(known)]
  return (
    <>
      <h1>Tasks</h1>
      <p class="lead">What jobs can be of: the tasks that this server or a live worker knows.</p>
      <ProblemNotice problem={tasksProblem.value} />
      {known !== null && (rows.length > 0 ? <TaskTable rows={rows} /> : <NoTasks />)}
    </>
  )
}

type Row = WireTask | { readonly name: string; readonly queue: null }

const elsewhere = (known: readonly WireTask[]): readonly Row[] => {
  const here = new Set(known.map(({ name }) => name))
  const names = stats.value?.workers.flatMap((worker) => worker.tasks ?? []) ?? []
  return [...new Set(names)]
    .filter((name) => !here.has(name))
    .sort()
    .map((name) => ({ name, queue: null }))
}

const NoTasks = () => (
  <Empty title="No tasks yet">
    <p>This server was started without tasks, and no worker is alive. A file of yours brings some:</p>
    <Command text="posthaste start --tasks ./tasks.ts" />
  </Empty>
)

const TaskTable = ({ rows }: { readonly rows: readonly Row[] }) => (
  <div class="panel flush">
    <table class="table task-table">
      <caption class="sr-only">Tasks, their queues and their jobs</caption>
      <thead>
        <tr>
          <th scope="col">Task</th>
          <th scope="col">Queue</th>
          <th scope="col" class="wide">
            Payload
          </th>
          <th scope="col" class="number">
            Jobs
          </th>
          <th scope="col" class="col-actions">
            <span class="sr-only">Add a job</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <TaskRow key={row.name} row={row} />
        ))}
      </tbody>
    </table>
  </div>
)

const TaskRow = ({ row }: { readonly row: Row }) => {
  const { name, queue } = row
  const total = stats.value?.tasks.find(({ task }) => task === name)?.total ?? 0
  const shape = queue === null || row.schema === null ? null : shapeOf(row.schema, row.schema)
  return (
    <tr>
      <th scope="row">
        <a href={addHref(name)}>{name}</a>
        {shape?.description && <span class="below">{shape.description}</span>}
      </th>
      <td>
        {queue === null ? (
          <span class="quiet">not known here</span>
        ) : (
          <a href={jobsHref({ queue })}>{queue}</a>
        )}
      </td>
      <td class="wide">
        {shape === null ? (
          <span class="quiet">{queue === null ? 'not known here' : 'any'}</span>
        ) : (
          <code>{summaryOf(shape, row.queue === null ? null : row.schema)}</code>
        )}
      </td>
      <td class="number">
        {total === 0 ? <span class="quiet">0</span> : <a href={jobsHref({ task: name })}>{count(total)}</a>}
      </td>
      <td class="col-actions">
        <a class="button" href={addHref(name)} aria-label={`Add job: ${name}`}>
          <Icon name="add" />
          <span>Add job</span>
        </a>
      </td>
    </tr>
  )
}
