/**
 * What users of the five older systems count on, line by line: E EmailTaskQueue, T Task Queue Processor, D Distributed
 * Task Queue, B Background Processing System, A async-job-queue. A line is covered when a test of its name shows it
 * through the door that such a user would take; `later` says what of it is still to come.
 */
export interface Line {
  readonly what: string
  readonly covered: boolean
  readonly later?: string
}

const covered = (what: string, later?: string): Line => ({
  what,
  covered: true,
  ...(later === undefined ? {} : { later }),
})

export const LINES: Readonly<Record<string, Line>> = {
  E1: covered('jobs with unique ids in named queues'),
  E2: covered('jobs persist in SQLite, or in Redis'),
  E3: covered('workers run several jobs at the same time'),
  E4: covered('structured logs'),
  E5: covered('runs on Linux, macOS and Windows', 'runs of the test suite on macOS and Windows'),
  E6: covered('a web application takes jobs'),
  E7: covered('every field that a job carried is visible'),
  E8: covered('mail is really sent, with credentials from the configuration'),
  E9: covered('retries can be configured'),

  T1: covered('POST /task/ answers 201 with an integer id'),
  T2: covered('GET /task/{id} answers the status of the task'),
  T3: covered('pending, in-progress, ok and failed, told as they happen'),
  T4: covered('a pool of workers, and automatic retry up to a limit'),
  T5: covered('mail, images and API calls as tasks'),
  T6: covered('tasks and statuses in PostgreSQL'),

  D1: covered('POST /submit with a type and its payload'),
  D2: covered('mail, image resizing and data processing with checked payloads, and custom handlers by type'),
  D3: covered('the queue in Redis'),
  D4: covered('results in PostgreSQL'),
  D5: covered('recurring jobs by cron'),
  D6: covered('concurrent workers, an empty queue polled less and less, a timeout for each run'),
  D7: covered('APIADDR, WORKERCOUNT, MAXRETRIES, WORKERTIMEOUT, REDISADDR'),

  B1: covered('POST /api/process_query with a payload that is JSON in a string'),
  B2: covered('GET /api/job/status/{id}'),
  B3: covered('the fields of a job and the words of its status'),
  B4: covered('high before low; failed jobs apart, with backoff, and given up after the limit'),
  B5: covered('a dashboard: filter, sort by any column, pages, everything about a job'),
  B6: covered('REDIS_HOST, REDIS_PORT and REDIS_PASSWORD'),
  B7: covered('API and workers as separate processes'),
  B8: covered('payloads are checked for each type of job'),

  A1: covered('jobs in SQLite survive restarts'),
  A2: covered('critical, high, normal and low; first in, first out within one'),
  A3: covered('retries up to a number, after 2, 4, 8, 16, 32, 32 … seconds'),
  A4: covered('dead jobs are kept and can be sent round again'),
  A5: covered('worker, worker --workers 8, worker --database PATH'),
  A6: covered('submit with a payload of any bytes, a priority and a number of retries'),
  A7: covered('stats, and status --job-id'),
  A8: covered('Pending, Running, Completed, Failed and DeadLetter'),
  A9: covered('a handler is a function of the payload'),
  A10: covered(
    'delayed jobs, dependencies, several queues and machines, timeouts that stop long jobs, Prometheus metrics',
    'the Faktory protocol for remote submission',
  ),
}
