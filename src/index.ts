/**
 * The library: `import { posthaste, task } from 'posthaste'`. Only names are given out here; an engine is loaded when an
 * installation is opened, tasks and servers have doors of their own.
 */
export {
  type BlobContent,
  type BlobHash,
  type BlobInfo,
  type BlobRef,
  type Blobs,
  type BlobUsage,
  isBlobHash,
  isBlobRef,
  type PutOptions,
} from './blobs/blob.ts'
export { type FileRoot, fileRoot } from './blobs/files.ts'
export { type BlobOptions, blobStore } from './blobs/open.ts'
export type { Clock } from './core/clock.ts'
export type { Duration } from './core/durations.ts'
export { type ErrorCode, isPosthasteError, PosthasteError } from './core/errors.ts'
export { newId } from './core/ids.ts'
export type { HistoryEntry, JobError } from './core/job.ts'
export type { Priority } from './core/priority.ts'
export type { StandardSchemaV1 } from './core/standard-schema.ts'
export { JOB_STATES, type JobState } from './core/states.ts'
export type { Job, JobStep } from './core/view.ts'
export type { ArchiveStatus } from './engines/archived.ts'
export type { Engine, EngineInfo, StoredLogLine } from './engines/engine.ts'
export type { EngineConnection } from './engines/open.ts'
export type { AddedJob } from './runtime/added.ts'
export type { AgeingOptions, Posthaste, PosthasteOptions } from './runtime/api.ts'
export type { AuditEntry, AuditOptions, AuditPage } from './runtime/audit.ts'
export type { BulkRequest, BulkRun, CanaryOptions } from './runtime/bulk/bulk.ts'
export type { BulkFilterOptions } from './runtime/bulk/filter.ts'
export type { BulkPreview } from './runtime/bulk/preview.ts'
export type { BulkInfo } from './runtime/bulk/view.ts'
export type { Controlled } from './runtime/carry-out.ts'
export type { AddedRef } from './runtime/client.ts'
export type {
  CancelOptions,
  ControlOptions,
  PauseTarget,
  ResolveOptions,
  SetPriorityOptions,
} from './runtime/control.ts'
export type { DeadLetterGroup, DeadLetters, DeadLettersOptions } from './runtime/dead-letters.ts'
export { task } from './runtime/define.ts'
export type { EventMap, EventName } from './runtime/events.ts'
export type { Explanation } from './runtime/explain.ts'
export type { QueueExplanation } from './runtime/explain-queue.ts'
export type { Reason, ReasonCode } from './runtime/explain-words.ts'
export type { DeclaredLimit, LimitBounds, LimitTarget } from './runtime/limit-options.ts'
export type { Limit } from './runtime/limit-view.ts'
export type { LimitControlOptions, Limits } from './runtime/limits.ts'
export type { Logger, LogLevel } from './runtime/logger.ts'
export type { AddManyOptions, AddOptions } from './runtime/options.ts'
export type { Pack, PackGreeting, PackRoute } from './runtime/pack.ts'
export { posthaste } from './runtime/posthaste.ts'
export type { ListOptions, Page } from './runtime/query.ts'
export type { ScheduleChange, ScheduleOptions } from './runtime/schedule-options.ts'
export type { Schedule } from './runtime/schedule-view.ts'
export type { Schedules } from './runtime/schedules.ts'
export type { QueueStats, Stats, TaskStats } from './runtime/stats.ts'
export {
  type AnyTask,
  type BreakerOptions,
  Discard,
  type Isolation,
  RetryAfter,
  type RetryOptions,
  type Snooze,
  snooze,
  type Task,
  type TaskContext,
  type TaskOptions,
} from './runtime/task.ts'
export type { AddItem, InputOf, OutputOf } from './runtime/types.ts'
export type { WaitOptions } from './runtime/wait.ts'
export type { WorkerOptions } from './runtime/worker/settings.ts'
export type { Worker } from './runtime/worker/worker.ts'
export type { WorkerInfo } from './runtime/workers.ts'
