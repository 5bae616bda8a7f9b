import { useEffect } from 'preact/hooks'
import { ActionButtons } from '../components/actions.tsx'
import { StateBadge } from '../components/badge.tsx'
import { CopyButton } from '../components/copy.tsx'
import { Icon } from '../components/icon.tsx'
import { JobFields } from '../components/job-fields.tsx'
import { ExplanationNotice, JobAttempts, JobHistory, JobLog } from '../components/job-story.tsx'
import { Json } from '../components/json.tsx'
import { Empty, ProblemNotice } from '../components/notice.tsx'
import { ProgressBar } from '../components/progress.tsx'
import { Section } from '../components/section.tsx'
import { useKeys, useTitle } from '../components/use.ts'
import { act } from '../state/actions.ts'
import { job, jobProblem, watchJob } from '../state/job.ts'
import { JOBS_PATH } from '../state/jobs.ts'
import { navigate } from '../state/router.ts'

/** Everything about one job. */
export const JobView = ({ id }: { readonly id: string }) => {
  const shown = job.value
  useTitle(shown === null ? 'Job' : `${shown.task} ${shown.state}`)
  useEffect(() => watchJob(id), [id])
  useKeys([
    { keys: ['r'], label: 'Retry this job', run: () => job.value && act('retry', job.value) },
    { keys: ['c'], label: 'Cancel this job', run: () => job.value && act('cancel', job.value) },
    { keys: ['u'], label: 'Back to the jobs', run: () => navigate(JOBS_PATH) },
  ])

  if (shown === null) return <NotShown id={id} />
  return (
    <article class="job">
      <a class="back" href={JOBS_PATH}>
        <Icon name="arrowLeft" /> Jobs
      </a>
      <header class="job-head">
        <div>
          <h1>
            {shown.task} <StateBadge state={shown.state} />
          </h1>
          <p class="job-id">
            <code>{shown.id}</code>
            <CopyButton text={shown.id} what="id" />
          </p>
        </div>
        <div class="job-actions">
          <ActionButtons job={shown} actions={['retry', 'run-now', 'cancel', 'remove']} />
          <a class="button" href={`/dashboard/add?like=${shown.id}`}>
            <Icon name="copy" />
            <span>Add another</span>
          </a>
        </div>
      </header>
      <ProblemNotice problem={jobProblem.value} />
      <ExplanationNotice />
      <div class="job-columns">
        <div>
          {shown.progress !== null && (
            <Section title="Progress">
              <ProgressBar value={shown.progress} />
              <Json value={shown.progress} label="Progress" />
            </Section>
          )}
          <JobAttempts job={shown} />
          {(shown.output !== null || shown.state === 'completed') && (
            <Section title="Output">
              <Json value={shown.output} label="Output" />
            </Section>
          )}
          <Section title="Payload">
            <Json value={shown.payload} label="Payload" />
          </Section>
          {shown.steps.length > 0 && (
            <Section title="Steps">
              <Json value={shown.steps} label="Steps" />
            </Section>
          )}
          {shown.checkpoint !== null && (
            <Section title="Checkpoint">
              <Json value={shown.checkpoint} label="Checkpoint" />
            </Section>
          )}
          <JobLog />
        </div>
        <div>
          <JobFields job={shown} />
          <JobHistory job={shown} />
        </div>
      </div>
    </article>
  )
}

const NotShown = ({ id }: { readonly id: string }) => {
  const problem = jobProblem.value
  if (problem === null) return <p class="quiet loading">Reading job …</p>
  // What cannot be an id is asked for by a mistyped address: 400.
  if (problem.status !== 404 && problem.status !== 400) return <ProblemNotice problem={problem} />
  return (
    <Empty alone title="There is no such job">
      <p>
        <code>{id}</code> was removed, or pruned at the end of its retention. <a href={JOBS_PATH}>All jobs</a>
      </p>
    </Empty>
  )
}
