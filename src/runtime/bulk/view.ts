import type { BulkAction, BulkDocument, BulkFilter, Canary } from '../../core/bulk.ts'
import { BULK_UNDO_MS } from '../../core/limits.ts'

/** A bulk run as everybody outside sees it. */
export interface BulkInfo {
  readonly id: string
  readonly action: BulkAction | 'undo'
  /** The run that an `undo` takes back, or null. */
  readonly undoes: string | null
  /** Which jobs, as it was understood. */
  readonly filter: BulkFilter | null
  readonly by: string
  readonly reason: string | null
  /** What `setPriority` sets; null for all others. */
  readonly priority: number | null
  readonly createdAt: Date
  readonly finishedAt: Date | null
  /** `stopped`: by someone or by its canary; `why` says so. */
  readonly state: 'running' | 'done' | 'stopped'
  readonly why: string | null
  /** How many jobs fitted when it was started; null: nobody could tell without looking at each. */
  readonly total: number | null
  /** Jobs that it has looked at. */
  readonly looked: number
  readonly done: number
  readonly refused: number
  /** The first refusals. */
  readonly refusals: BulkDocument['refusals']
  readonly canary: BulkCanary | null
  /** Jobs that `undo` can put back, and until when; null: it cannot be undone. */
  readonly undoable: { readonly jobs: number; readonly until: Date } | null
}

export interface BulkCanary {
  readonly jobs: number
  readonly failureShare: number
  readonly timeout: number
  readonly sent: readonly string[]
  readonly ended: number
  readonly failed: number
  readonly verdict: Canary['verdict']
}

export const toBulkInfo = (id: string, document: BulkDocument): BulkInfo => {
  const { action, of, filter, by, reason, createdAt, finishedAt, state, why, canary, kept } = document
  const { priority = null } = document
  const { total, looked, done, refused, refusals } = document
  const canUndo = action === 'cancel' || action === 'remove'
  return {
    ...{
      id,
      action,
      undoes: of?.id ?? null,
      filter: action === 'undo' ? null : filter,
      by,
      reason,
      priority,
    },
    createdAt: new Date(createdAt),
    finishedAt: finishedAt === null ? null : new Date(finishedAt),
    ...{ state, why, total, looked, done, refused, refusals },
    canary:
      canary === null
        ? null
        : {
            ...{ jobs: canary.jobs, failureShare: canary.failureShare, timeout: canary.timeoutMs },
            ...{ sent: canary.sent, ended: canary.ended, failed: canary.failed, verdict: canary.verdict },
          },
    undoable: canUndo ? { jobs: kept, until: new Date(createdAt + BULK_UNDO_MS) } : null,
  }
}
