import { useEffect } from 'preact/hooks'
import type { WireBulk, WireDeadLetters } from '../api/types.ts'
import { Button } from '../components/button.tsx'
import { Empty, ProblemNotice } from '../components/notice.tsx'
import { useTitle } from '../components/use.ts'
import { When } from '../components/when.tsx'
import { count } from '../lib/time.ts'
import {
  CANARY_JOBS,
  isUnderWay,
  letters,
  lettersProblem,
  retryKind,
  runs,
  watchDeadLetters,
} from '../state/dead.ts'
import { JOBS_PATH } from '../state/jobs.ts'

type Group = WireDeadLetters['groups'][number]

export const Dead = () => {
  useTitle('Dead letters')
  useEffect(watchDeadLetters, [])
  const found = letters.value
  return (
    <>
      <h1>Dead letters</h1>
      <p class="lead">
        Jobs that failed, by the kind of their newest error. “Try {CANARY_JOBS} first” sends the rest round
        only when these do well.
      </p>
      <ProblemNotice problem={lettersProblem.value} />
      {found !== null && (found.groups.length > 0 ? <GroupTable found={found} /> : <Nothing />)}
    </>
  )
}

const Nothing = () => (
  <Empty title="Nothing failed">
    <p>No job is dead, and none waits for a retry.</p>
  </Empty>
)

const GroupTable = ({ found }: { readonly found: WireDeadLetters }) => (
  <>
    <div class="panel flush">
      <table class="table dead-table">
        <caption class="sr-only">Kinds of errors, the most frequent first</caption>
        <thead>
          <tr>
            <th scope="col">Error</th>
            <th scope="col" class="number">
              Dead
            </th>
            <th scope="col" class="number wide">
              Retrying
            </th>
            <th scope="col" class="wide">
              Last
            </th>
            <th scope="col" class="wide">
              Tasks
            </th>
            <th scope="col" class="col-actions">
              <span class="sr-only">Retry</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {found.groups.map((group) => (
            <Row key={group.fingerprint} group={group} />
          ))}
        </tbody>
      </table>
    </div>
    {found.bounded && (
      <p class="quiet">Only the newest {count(found.looked)} failed jobs were looked at; there are more.</p>
    )}
  </>
)

const Row = ({ group }: { readonly group: Group }) => {
  const { fingerprint, error, pattern, dead, retrying, last, tasks, sample } = group
  const run = runs.value.get(fingerprint)
  const isBusy = isUnderWay(fingerprint)
  return (
    <tr>
      <th scope="row">
        <span class="kind" title={error.message}>
          <span class="quiet">{error.code ?? error.name}</span> {pattern}
        </span>
        <span class="below">
          <code>{fingerprint}</code>
          {sample[0] !== undefined && (
            <>
              {' · '}
              <a href={`${JOBS_PATH}/${sample[0]}`}>the newest job</a>
            </>
          )}
          {run !== undefined && <span role="status"> · {saidOf(run)}</span>}
        </span>
      </th>
      <td class="number">{count(dead)}</td>
      <td class="number wide">{retrying === 0 ? <span class="quiet">0</span> : count(retrying)}</td>
      <td class="wide">
        <When at={last} />
      </td>
      <td class="wide">{Object.keys(tasks).join(', ')}</td>
      <td class="col-actions">
        <span class="buttons">
          <Button
            label={`Try ${CANARY_JOBS} first`}
            name={`Try ${CANARY_JOBS} first of ${pattern}`}
            icon="retry"
            disabled={dead === 0 || isBusy}
            onClick={() => void retryKind(fingerprint, true)}
          />
          <Button
            label="Retry all"
            name={`Retry all of ${pattern}`}
            disabled={dead === 0 || isBusy}
            onClick={() => void retryKind(fingerprint, false)}
          />
        </span>
      </td>
    </tr>
  )
}

/** How a run stands, in a few words. */
const saidOf = ({ state, done, canary, why }: WireBulk): string => {
  if (state === 'done') return `${count(done)} sent round`
  if (state === 'stopped') return `stopped: ${why ?? ''}`
  return canary?.verdict === 'waiting'
    ? `trying ${canary.sent.length}: ${canary.ended} ended, ${canary.failed} failed`
    : `${count(done)} sent round so far`
}
