import { type JobState, STATES } from '../../../src/core/states.ts'

/** The state of a job: a word with a dot in its colour. */
export const StateBadge = ({ state }: { readonly state: JobState }) => (
  <span class="badge" data-state={state} title={STATES[state]?.means}>
    {state}
  </span>
)
