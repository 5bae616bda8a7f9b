// What each row has to reach, by case and engine. A ratio is taken within one run, so that it holds on other machines;
// times, memory and processor time are bounds.

/** @type {Readonly<Record<string, Readonly<Partial<Record<import('./lib/types.js').EngineName, readonly import('./lib/types.js').Goal[]>>>>>} */
export const GOALS = {
  'add-one': {
    sqlite: [{ atLeast: 0.8, times: 'plainjob-full' }],
    postgres: [{ atLeast: 1.5, times: 'best peer' }],
    redis: [{ atLeast: 1, times: 'bee-queue' }],
  },
  'add-100': {
    sqlite: [{ atLeast: 2, times: 'plainjob' }],
    postgres: [{ atLeast: 15, times: 'best peer' }],
    redis: [{ atLeast: 1.5, times: 'bee-queue' }],
  },
  'add-bulk': {
    sqlite: [{ atLeast: 0.8, times: 'plainjob' }],
    postgres: [{ atLeast: 2, times: 'graphile-worker' }],
    redis: [{ atLeast: 1.5, times: 'bee-queue' }],
  },
  'drain-1': {
    sqlite: [{ atLeast: 8, times: 'plainjob' }],
    postgres: [{ atLeast: 3, times: 'graphile-worker' }],
    redis: [
      { atLeast: 5, times: 'bullmq' },
      { atLeast: 3, times: 'bee-queue' },
    ],
  },
  'drain-2': {
    sqlite: [{ atLeast: 1, timesCase: 'drain-1' }],
    postgres: [{ atLeast: 1.1, timesCase: 'drain-1' }],
    redis: [{ atLeast: 1.1, timesCase: 'drain-1' }],
  },
  pickup: {
    sqlite: [{ atMost: 1.5 }, { atMost: 4, figure: 'p99Ms' }],
    postgres: [{ atMost: 3 }, { atMost: 8, figure: 'p99Ms' }],
    redis: [{ atMost: 1.5 }, { atMost: 5, figure: 'p99Ms' }],
  },
  idle: {
    sqlite: [{ atMost: 0.2 }, { atMost: 70, figure: 'rssMb' }],
    postgres: [{ atMost: 0.2 }, { atMost: 70, figure: 'rssMb' }],
    redis: [{ atMost: 0.2 }, { atMost: 70, figure: 'rssMb' }],
  },
  'backlog-1m': {
    sqlite: [{ atLeast: 0.9, timesCase: 'backlog-10k' }],
    postgres: [{ atLeast: 0.9, timesCase: 'backlog-10k' }],
    redis: [{ atLeast: 0.9, timesCase: 'backlog-10k' }],
  },
  history: {
    sqlite: [{ atLeast: 0.9, figure: 'ofEmpty' }],
    postgres: [{ atLeast: 0.9, figure: 'ofEmpty' }],
  },
  parked: {
    sqlite: [{ atLeast: 0.9, figure: 'ofAlone' }],
    postgres: [{ atLeast: 0.9, figure: 'ofAlone' }],
    redis: [{ atLeast: 0.9, figure: 'ofAlone' }],
  },
  'look-1m': {
    sqlite: [{ atMost: 20 }],
    postgres: [{ atMost: 50 }],
    redis: [{ atMost: 20 }],
  },
  image: {
    tasks: [{ atLeast: 0.9, times: 'best peer' }],
  },
  'data-small': {
    tasks: [{ atMost: 2.5, times: 'duckdb-fresh' }],
  },
  'data-large': {
    tasks: [{ atMost: 1.1, times: 'best peer' }],
  },
  'data-memory': {
    tasks: [{ atMost: 250 }],
  },
  'rss-1m': {
    sqlite: [{ atMost: 150 }],
    postgres: [{ atMost: 150 }],
    redis: [{ atMost: 150 }],
  },
}
