import { priorityName } from '../../../src/core/priority.ts'
import type { JobRow } from '../api/types.ts'
import { changeView, JOBS_PATH, rows, view } from '../state/jobs.ts'
import { ActionButtons } from './actions.tsx'
import { StateBadge } from './badge.tsx'
import { ariaSort, COLUMNS, nextSort, type SortColumn } from './columns.ts'
import { When } from './when.tsx'

export const JobTable = () => (
  <table class="table job-table">
    <caption class="sr-only">Jobs. Sort by the buttons in the head of the columns.</caption>
    <thead>
      <tr>
        {(Object.keys(COLUMNS) as SortColumn[]).map((column) => (
          <Head key={column} column={column} />
        ))}
        <th scope="col" class="col-actions">
          <span class="sr-only">Actions</span>
        </th>
      </tr>
    </thead>
    <tbody>
      {rows.value.map((job) => (
        <Row key={job.id} job={job} />
      ))}
    </tbody>
  </table>
)

const Head = ({ column }: { readonly column: SortColumn }) => {
  const { sort } = view.value
  return (
    <th scope="col" class={`col-${column}`} aria-sort={ariaSort(column, sort)}>
      <button type="button" class="sort" onClick={() => changeView({ sort: nextSort(column, sort) })}>
        {COLUMNS[column].label}
      </button>
    </th>
  )
}

const Row = ({ job }: { readonly job: JobRow }) => {
  const href = `${JOBS_PATH}/${job.id}`
  return (
    <tr data-row data-id={job.id}>
      <td class="col-state">
        <StateBadge state={job.state} />
      </td>
      <td class="col-task">
        <a class="row-link" href={href}>
          {job.task}
        </a>
        {job.lastError !== null && (
          <span class="row-error" title={job.lastError.message}>
            {job.lastError.message}
          </span>
        )}
      </td>
      <td class="col-id">
        <a href={href} tabIndex={-1} title={job.id}>
          <code>{shortId(job.id)}</code>
        </a>
      </td>
      <td class="col-queue">{job.queue}</td>
      <td class="col-priority">{priorityName(job.priority)}</td>
      <td class="col-attempt" title={`${job.attempt} of ${job.maxRetries + 1}`}>
        {job.attempt}
        <span class="quiet"> / {job.maxRetries + 1}</span>
      </td>
      <td class="col-createdAt">
        <When at={job.createdAt} />
      </td>
      <td class="col-runAt">
        <When at={job.runAt} />
      </td>
      <td class="col-startedAt">
        <When at={job.startedAt} />
      </td>
      <td class="col-finishedAt">
        <When at={job.finishedAt} />
      </td>
      <td class="col-actions">
        <ActionButtons job={job} actions={['retry', 'run-now', 'cancel']} bare />
      </td>
    </tr>
  )
}

/** The random end of the id: its beginning is the time, and alike for jobs of one minute. */
const shortId = (id: string): string => `…${id.slice(-8)}`
