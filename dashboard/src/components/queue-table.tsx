import type { JobState } from '../../../src/core/states.ts'
import type { WireQueue } from '../api/types.ts'
import { count, short } from '../lib/time.ts'
import { pauseQueue } from '../state/actions.ts'
import { jobsHref } from '../state/jobs.ts'
import { Button } from './button.tsx'
import { When } from './when.tsx'

const SHOWN: readonly JobState[] = [
  'ready',
  'running',
  'scheduled',
  'retrying',
  'blocked',
  'completed',
  'cancelled',
  'dead',
]
const BRIEF: readonly JobState[] = ['ready', 'running', 'retrying', 'dead']

interface QueueTableProps {
  readonly queues: readonly WireQueue[]
  /** Only what matters most, without the switches. */
  readonly brief?: boolean
}

export const QueueTable = ({ queues, brief = false }: QueueTableProps) => {
  const states = brief ? BRIEF : SHOWN
  return (
    <table class={`table queue-table${brief ? ' brief' : ''}`}>
      <caption class="sr-only">Queues and their jobs by state</caption>
      <thead>
        <tr>
          <th scope="col">Queue</th>
          {states.map((state) => (
            <th key={state} scope="col" class={`number col-${state}`}>
              {state}
            </th>
          ))}
          <th scope="col" class="number">
            Waits
          </th>
          {!brief && (
            <th scope="col" class="col-actions">
              <span class="sr-only">Pause or resume</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {queues.map((row) => (
          <tr key={row.queue}>
            <th scope="row">
              <a href={jobsHref({ queue: row.queue })}>{row.queue}</a>
              <Paused row={row} />
            </th>
            {states.map((state) => (
              <td key={state} class={`number col-${state}`}>
                {row.states[state] === 0 ? (
                  <span class="quiet">0</span>
                ) : (
                  <a href={jobsHref({ queue: row.queue, states: [state] })}>{count(row.states[state])}</a>
                )}
              </td>
            ))}
            <td class="number">
              {row.oldestReadyAgeMs === null ? <span class="quiet">–</span> : short(row.oldestReadyAgeMs)}
            </td>
            {!brief && (
              <td class="col-actions">
                <Button
                  label={row.paused ? 'Resume' : 'Pause'}
                  name={`${row.paused ? 'Resume' : 'Pause'} queue ${row.queue}`}
                  icon={row.paused ? 'play' : 'pause'}
                  onClick={() => pauseQueue(row.queue, !row.paused)}
                />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const Paused = ({ row }: { readonly row: WireQueue }) =>
  row.paused ? (
    <span class="paused">
      paused <When at={row.pausedAt} />
      {row.pausedBy !== null && ` by ${row.pausedBy}`}
    </span>
  ) : null
