/**
 * The life of a worker, as data. Only `canEnter` decides about a change of mode, and only the worker asks it.
 *
 *   starting ──► running ──► draining ──► aborting ──► stopped
 *       └────────────────────────┘└──────────────────────┘
 */
export interface ModeInfo {
  readonly means: string
  /** Whether it may take jobs and begin handlers. */
  readonly claims: boolean
  readonly next: readonly WorkerMode[]
}

export type WorkerMode = 'starting' | 'running' | 'draining' | 'aborting' | 'stopped'

export const MODES: { readonly [M in WorkerMode]: ModeInfo } = {
  starting: {
    means: 'the store has not answered yet; entered by createWorker',
    claims: true,
    next: ['running', 'draining'],
  },
  running: {
    means: 'claims and runs jobs; entered at the first answer of the store',
    claims: true,
    next: ['draining'],
  },
  draining: {
    means: 'claims nothing, has given back what had not begun, lets handlers end; entered by stop()',
    claims: false,
    next: ['aborting', 'stopped'],
  },
  aborting: {
    means: 'the grace is over: handlers are told to stop, then their jobs are given back',
    claims: false,
    next: ['stopped'],
  },
  stopped: {
    means: 'holds no job and makes no call',
    claims: false,
    next: [],
  },
}

export const canEnter = (from: WorkerMode, to: WorkerMode): boolean => MODES[from].next.includes(to)
