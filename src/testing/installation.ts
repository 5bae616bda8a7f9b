import { ManualClock } from '../core/manual-clock.ts'
import type { Posthaste, PosthasteOptions } from '../runtime/api.ts'
import { posthaste } from '../runtime/posthaste.ts'
import type { AnyTask } from '../runtime/task.ts'

/** An installation for tests: its time passes only when `clock.advance(ms)` is called. */
export interface TestPosthaste<Tasks extends AnyTask = AnyTask> extends Posthaste<Tasks> {
  readonly clock: ManualClock
}

export interface TestOptions<Tasks extends AnyTask>
  extends Omit<PosthasteOptions<Tasks>, 'engine' | 'clock'> {
  /** Default: a new one. */
  readonly clock?: ManualClock
}

/**
 * An installation in memory on a manual clock. Nothing runs until `drain` (or a worker) runs it; what is due later is
 * due when the clock has been advanced. Close it after the test.
 */
export const testPosthaste = async <const Tasks extends AnyTask = AnyTask>(
  options: TestOptions<Tasks> = {},
): Promise<TestPosthaste<Tasks>> => {
  const clock = options.clock ?? new ManualClock()
  const ph = await posthaste<Tasks>({ ...options, clock, engine: 'memory:' })
  return Object.assign(ph, { clock })
}
