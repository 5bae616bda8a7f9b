import type { WireJob } from '../api/types.ts'
import { absolute } from '../lib/time.ts'
import { explanation, logLines } from '../state/job.ts'
import { Icon } from './icon.tsx'
import { Section } from './section.tsx'
import { When } from './when.tsx'

/** Why the job is where it is, and what comes next. */
export const ExplanationNotice = () => {
  const said = explanation.value
  if (said === null) return null
  const [, ...more] = said.reasons
  return (
    <div class="notice explain" data-state={said.state}>
      <Icon name="help" />
      <div>
        <p>{said.summary}</p>
        {more.map(({ code, text }) => (
          <p key={code}>{text}</p>
        ))}
        {said.next !== null && <p class="quiet">{said.next}</p>}
      </div>
    </div>
  )
}

/** What went wrong, attempt by attempt, the newest first. */
export const JobAttempts = ({ job }: { readonly job: WireJob }) =>
  job.errors.length === 0 ? null : (
    <Section title="Errors" note={`${job.errors.length}`}>
      <ol class="errors">
        {[...job.errors].reverse().map((error) => (
          <li key={`${error.at} ${error.attempt}`}>
            <p class="error-head">
              <span>{error.attempt === null ? 'No attempt charged' : `Attempt ${error.attempt}`}</span>
              <When at={error.at} full />
            </p>
            <p class="error-text">
              <strong>{error.name}</strong>
              {error.code !== undefined && <code>{error.code}</code>} {error.message}
            </p>
          </li>
        ))}
      </ol>
    </Section>
  )

/** The steps of its life, oldest first. */
export const JobHistory = ({ job }: { readonly job: WireJob }) => (
  <Section title="History">
    <ol class="history">
      {job.history.map((step, index) => (
        <li key={index} data-state={step.to}>
          <p>
            <strong>{step.event}</strong>{' '}
            <span class="quiet">
              {step.from === 'none' ? '' : `${step.from} `}→ {step.to}
            </span>
          </p>
          <p class="quiet">
            <When at={step.at} full />
          </p>
          {(step.by !== undefined || step.attempt !== undefined) && (
            <p class="quiet">
              {step.attempt !== undefined && `attempt ${step.attempt} `}
              {step.by !== undefined && `by ${step.by}`}
            </p>
          )}
          {step.reason !== undefined && <p>{step.reason}</p>}
          {step.error !== undefined && (
            <p class="error-text">
              {step.error.name}: {step.error.message}
            </p>
          )}
        </li>
      ))}
    </ol>
  </Section>
)

const lineCount = (lines: number): string => (lines === 1 ? '1 line' : `${lines} lines`)

export const JobLog = () => (
  <Section title="Log" {...(logLines.value.length > 0 ? { note: lineCount(logLines.value.length) } : {})}>
    {logLines.value.length === 0 ? (
      <p class="quiet">
        Nothing logged. A handler writes here with <code>ctx.log('…')</code>.
      </p>
    ) : (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
      <ol class="log" tabIndex={0} aria-label="Log lines">
        {logLines.value.map(({ fence, seq, at, level, message }) => (
          <li key={`${fence}.${seq}`} data-level={level}>
            <time dateTime={at} title={at}>
              {absolute(Date.parse(at)).slice(11)}
            </time>
            <span class="log-level">{level}</span>
            <span class="log-text">{message}</span>
          </li>
        ))}
      </ol>
    )}
  </Section>
)
