import { AssertionError } from 'node:assert'
import { PAGE_SIZE_MAX } from '../core/limits.ts'
import { LIVE_STATES } from '../core/states.ts'
import type { Job } from '../core/view.ts'
import type { Posthaste } from '../runtime/api.ts'
import type { AnyTask } from '../runtime/task.ts'

/** Jobs shown when none fits. */
const SHOWN_MAX = 5

/**
 * Asserts that an unfinished job of this task waits or runs whose payload has at least what `payload` has: objects may
 * have more, everything else must be equal.
 * @returns the first such job
 * @throws AssertionError that shows the payloads there are
 */
export const assertEnqueued = async (
  ph: Posthaste,
  task: string | AnyTask,
  payload: unknown = {},
): Promise<Job> => {
  const jobs = await liveJobs(ph, task)
  const found = jobs.find((job) => contains(job.payload, payload))
  if (found !== undefined) return found
  const there = jobs.slice(0, SHOWN_MAX).map((job) => `\n  ${JSON.stringify(job.payload)}`)
  const others =
    jobs.length === 0 ? 'There is none of this task.' : `There are ${jobs.length}:${there.join('')}`
  throw new AssertionError({
    message: `No unfinished job of ${nameOf(task)} contains ${JSON.stringify(payload)}. ${others}`,
    actual: jobs.map((job) => job.payload),
    expected: payload,
    operator: 'assertEnqueued',
  })
}

/** Asserts the opposite. @throws AssertionError naming the job */
export const refuteEnqueued = async (
  ph: Posthaste,
  task: string | AnyTask,
  payload: unknown = {},
): Promise<void> => {
  const found = (await liveJobs(ph, task)).find((job) => contains(job.payload, payload))
  if (found === undefined) return
  throw new AssertionError({
    message: `Job ${found.id} of ${nameOf(task)} contains ${JSON.stringify(payload)}: ${JSON.stringify(found.payload)}`,
    actual: found.payload,
    operator: 'refuteEnqueued',
  })
}

const nameOf = (task: string | AnyTask): string => (typeof task === 'string' ? task : task.name)

/** Oldest first. */
const liveJobs = async (ph: Posthaste, task: string | AnyTask): Promise<Job[]> => {
  const jobs: Job[] = []
  let cursor: string | null = null
  do {
    const filter = {
      task: nameOf(task),
      state: LIVE_STATES,
      sort: 'id',
      limit: PAGE_SIZE_MAX,
      cursor,
    } as const
    const page = await ph.list(filter)
    jobs.push(...page.jobs)
    cursor = page.cursor
  } while (cursor !== null)
  return jobs
}

const contains = (value: unknown, part: unknown): boolean => {
  if (typeof part !== 'object' || part === null) return Object.is(value, part)
  // An empty expectation is met by anything.
  if (!Array.isArray(part) && Object.keys(part).length === 0) return true
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== Array.isArray(part))
    return false
  if (Array.isArray(part) && part.length !== (value as readonly unknown[]).length) return false
  return Object.entries(part).every(
    ([key, inner]) => Object.hasOwn(value, key) && contains((value as Record<string, unknown>)[key], inner),
  )
}
