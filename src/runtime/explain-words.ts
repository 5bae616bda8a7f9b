import { formatDuration } from '../core/durations.ts'

/** What explanations are made of. */
export interface Reason {
  readonly code: ReasonCode
  readonly text: string
  readonly data: Readonly<Record<string, unknown>>
}

export type ReasonCode =
  | 'blocked'
  | 'waits_for_parents'
  | 'parent_failed'
  | 'parents_done'
  | 'scheduled'
  | 'retrying'
  | 'due'
  | 'queue_paused'
  | 'task_paused'
  | 'group_paused'
  | 'key_paused'
  | 'limit_reached'
  | 'rate_limited'
  | 'no_worker'
  | 'queue_not_served'
  | 'task_unknown'
  | 'version_unknown'
  | 'steps'
  | 'deadline'
  | 'expires'
  | 'suspect'
  | 'waiting_turn'
  | 'running'
  | 'claimed'
  | 'lease_expired'
  | 'cancel_requested'
  | 'completed'
  | 'cancelled'
  | 'dead'
  | 'aged'
  | 'of_schedule'
  | 'backlog'
  | 'empty'

export const reason = (code: ReasonCode, text: string, data: Reason['data'] = {}): Reason => ({
  code,
  text,
  data,
})

export const iso = (ms: number): string => new Date(ms).toISOString()

/** "in 5m" or "5m ago". */
export const apart = (ms: number, now: number): string =>
  ms > now ? `in ${formatDuration(ms - now)}` : `${formatDuration(now - ms)} ago`
