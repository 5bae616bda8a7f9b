import { useEffect } from 'preact/hooks'
import { Filters } from '../components/filters.tsx'
import { FirstJob } from '../components/first-job.tsx'
import { JobTable } from '../components/job-table.tsx'
import { Empty, ProblemNotice } from '../components/notice.tsx'
import { Pager } from '../components/pager.tsx'
import { onRowKeys, rowKeys } from '../components/row-focus.ts'
import { useKeys, useTitle } from '../components/use.ts'
import {
  isLoading,
  JOBS_PATH,
  nextPage,
  page,
  pageProblem,
  previousPage,
  rows,
  view,
  watchJobs,
} from '../state/jobs.ts'
import { stats } from '../state/stats.ts'

/** The table of all jobs. */
export const Jobs = () => {
  useTitle('Jobs')
  useEffect(watchJobs, [])
  useEffect(onRowKeys, [])
  useKeys([
    ...rowKeys,
    { keys: [']', 'ArrowRight'], label: 'Next page', run: nextPage },
    {
      keys: ['[', 'ArrowLeft'],
      label: 'Page before',
      run: () => {
        if (view.value.cursor !== null) previousPage()
      },
    },
  ])
  return (
    <>
      <h1 class="sr-only">Jobs</h1>
      <Filters />
      <ProblemNotice problem={pageProblem.value} />
      <div class="jobs" aria-busy={isLoading.value}>
        {rows.value.length > 0 ? <JobTable /> : page.value !== null && <NoJobs />}
      </div>
      <Pager />
    </>
  )
}

/** Either nothing was ever added, or nothing fits the filters. */
const NoJobs = () =>
  stats.value?.total === 0 ? (
    <FirstJob />
  ) : (
    <Empty title="No job fits these filters">
      <p>
        Take away a filter, or <a href={JOBS_PATH}>look at all jobs</a>. Finished jobs are kept for a while
        and then pruned.
      </p>
    </Empty>
  )
