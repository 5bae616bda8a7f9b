import { count } from '../lib/time.ts'
import { Command } from './copy.tsx'
import { Icon } from './icon.tsx'

/** Nothing runs without a worker: say so before anybody wonders. */
export const NoWorker = ({ waiting }: { readonly waiting: number }) => (
  <div class="notice problem">
    <Icon name="alert" />
    <div>
      <p>
        No worker is alive
        {waiting > 0 && `, and ${count(waiting)} ${waiting === 1 ? 'job is' : 'jobs are'} ready to run`}.
      </p>
      <Command text="posthaste worker --workers 8" />
    </div>
  </div>
)
