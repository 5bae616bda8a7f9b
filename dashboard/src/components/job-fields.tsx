import type { ComponentChildren } from 'preact'
import { priorityName } from '../../../src/core/priority.ts'
import type { WireJob } from '../api/types.ts'
import { span } from '../lib/time.ts'
import { now } from '../state/clock.ts'
import { jobsHref } from '../state/jobs.ts'
import { Json } from './json.tsx'
import { Section } from './section.tsx'
import { When } from './when.tsx'

/** Every field of a job that is no document. What it does not have is shown as absent, so that nobody looks for it. */
export const JobFields = ({ job }: { readonly job: WireJob }) => (
  <Section title="Fields">
    <dl class="fields">
      <Field name="Queue">
        <a href={jobsHref({ queue: job.queue })}>{job.queue}</a>
      </Field>
      <Field name="Task">
        <a href={jobsHref({ task: job.task })}>{job.task}</a>
        {job.version > 1 && <span class="quiet"> version {job.version}</span>}
      </Field>
      <Field name="Priority">
        {priorityName(job.priority)}
        <span class="quiet"> {job.priority}; 0 is first, 9 is last</span>
      </Field>
      <Field name="State">
        {job.state}
        {job.reason !== null && <span class="quiet"> {job.reason}</span>}
      </Field>
      <Field name="Attempts">
        {job.attempt}{' '}
        <span class="quiet">
          of {job.maxRetries + 1} at most ({job.maxRetries} retries)
        </span>
      </Field>
      <Field name="Created">
        <When at={job.createdAt} full />
      </Field>
      <Field name="Due">
        <When at={job.runAt} full />
      </Field>
      <Field name="Started">
        <When at={job.startedAt} full />
      </Field>
      <Field name="Finished">
        <When at={job.finishedAt} full />
      </Field>
      <Field name="Took">
        <Took job={job} />
      </Field>
      <Field name="Worker">{job.worker}</Field>
      <Field name="Lease until">
        <When at={job.leaseUntil} full />
      </Field>
      <Field name="Cancel asked">
        {job.cancelRequested && (
          <>
            <When at={job.cancelRequested.at} full /> by {job.cancelRequested.by}
            {job.cancelRequested.reason !== null && `: ${job.cancelRequested.reason}`}
          </>
        )}
      </Field>
      <Field name="Expires">
        <When at={job.expiresAt} full />
      </Field>
      <Field name="Deadline">
        <When at={job.deadlineAt} full />
      </Field>
      <Field name="Key">{job.key}</Field>
      <Field name="Reference">{job.ref}</Field>
      <Field name="Group">{job.group}</Field>
      <Field name="Tags">
        {job.tags.length > 0 && job.tags.map((tag) => <span class="tag">{tag}</span>)}
      </Field>
      <Field name="Fence">{job.fence}</Field>
    </dl>
    {Object.keys(job.metadata).length > 0 && (
      <>
        <h3>Metadata</h3>
        <Json value={job.metadata} label="Metadata" />
      </>
    )}
  </Section>
)

const Field = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children === null || children === false ? <span class="quiet">–</span> : children}</dd>
  </div>
)

const Took = ({ job }: { readonly job: WireJob }) => {
  if (job.startedAt === null) return <span class="quiet">–</span>
  const from = Date.parse(job.startedAt)
  if (job.state === 'running') return <>{span(Math.max(0, now.value - from))} so far</>
  if (job.finishedAt === null) return <span class="quiet">–</span>
  return <>{span(Date.parse(job.finishedAt) - from)}</>
}
