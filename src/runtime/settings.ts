import type { AgeingRule } from '../core/ageing.ts'
import { type Duration, durationMs } from '../core/durations.ts'
import {
  AGEING_HIGHEST,
  AGEING_MIN_MS,
  ARCHIVE_AFTER_MS,
  ARCHIVE_SWEEP_MS,
  HEARTBEAT_MS,
  LEASE_MAX_MS,
  LEASE_MIN_MS,
  LEASE_MS,
  PROMOTE_MS,
  PRUNE_MS,
  RETENTION,
  RETENTION_MIN_AGE_MS,
  SWEEP_MS,
} from '../core/limits.ts'
import { checkName } from '../core/names.ts'
import { priorityNumber } from '../core/priority.ts'
import type { FinishedState } from '../core/states.ts'
import type { AgeingOptions, PosthasteOptions, RetentionRuleOptions } from './api.ts'
import { checkWhole, refuse, refuseUnknown } from './arguments.ts'
import type { RetentionRule, RuntimeSettings } from './deps.ts'

const STATES: ReadonlySet<string> = new Set(Object.keys(RETENTION))
const AGEING: ReadonlySet<string> = new Set(['every', 'highest', 'queues'])
const RULE: ReadonlySet<string> = new Set(['age', 'count'])
const ARCHIVE_SWEEP_MIN_MS = 100
const COUNT_MAX = 1_000_000_000

/** @throws E_DURATION or E_ARGUMENT naming the option */
export const toSettings = (options: PosthasteOptions): RuntimeSettings => {
  const { lease = LEASE_MS, heartbeat = HEARTBEAT_MS, sweep = SWEEP_MS, retention = {} } = options
  const archiveAfterMs = durationMs(options.archiveAfter ?? ARCHIVE_AFTER_MS, 'archiveAfter')
  refuseUnknown(retention, STATES, 'retention')
  return {
    leaseMs: durationMs(lease, 'lease', { min: LEASE_MIN_MS, max: LEASE_MAX_MS }),
    // A worker takes care that it fits into the lease.
    heartbeatMs: durationMs(heartbeat, 'heartbeat', { min: 1 }),
    sweepMs: durationMs(sweep, 'sweep', { min: 1 }),
    promoteMs: PROMOTE_MS,
    pruneMs: PRUNE_MS,
    // What is to be moved soon is looked for as often.
    archiveSweepMs: Math.min(ARCHIVE_SWEEP_MS, Math.max(ARCHIVE_SWEEP_MIN_MS, archiveAfterMs)),
    archiveAfterMs,
    ageing: options.ageing === undefined ? null : toAgeing(options.ageing),
    retention: {
      completed: toRule('completed', retention.completed),
      cancelled: toRule('cancelled', retention.cancelled),
      dead: toRule('dead', retention.dead),
    },
  }
}

const toAgeing = (ageing: Duration | AgeingOptions): AgeingRule => {
  const isEvery = typeof ageing !== 'object' || ageing === null
  const { every, highest = AGEING_HIGHEST, queues } = isEvery ? { every: ageing as Duration } : ageing
  if (!isEvery) refuseUnknown(ageing, AGEING, 'ageing')
  if (queues !== undefined && !Array.isArray(queues)) refuse('ageing.queues', 'is not an array')
  return {
    everyMs: durationMs(every, isEvery ? 'ageing' : 'ageing.every', { min: AGEING_MIN_MS }),
    highest: priorityNumber(highest, 'ageing.highest'),
    queues: queues?.map((queue: unknown, i: number) => checkName(queue, `ageing.queues[${i}]`)) ?? null,
  }
}

const toRule = (state: FinishedState, rule: RetentionRuleOptions = {}): RetentionRule => {
  refuseUnknown(rule, RULE, `retention.${state}`)
  const { ageMs, count } = RETENTION[state]
  return {
    ageMs:
      rule.age === undefined
        ? ageMs
        : durationMs(rule.age, `retention.${state}.age`, { min: RETENTION_MIN_AGE_MS }),
    count:
      rule.count === undefined ? count : checkWhole(rule.count, `retention.${state}.count`, 0, COUNT_MAX),
  }
}
