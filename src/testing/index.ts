/** What users need to test their own jobs: `posthaste/testing`. */
export { ManualClock } from '../core/manual-clock.ts'
export { type OpenEngineOptions, openEngine } from '../engines/open.ts'
export { type DrainOptions, drain } from './drain.ts'
export { assertEnqueued, refuteEnqueued } from './enqueued.ts'
export { type Fault, type FaultyEngine, faultyEngine } from './faulty.ts'
export { type TestOptions, type TestPosthaste, testPosthaste } from './installation.ts'
export { type Around, type EngineMethod, wrapEngine } from './wrap.ts'
