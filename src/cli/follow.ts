import type { Config } from '../core/config.ts'
import { formatDuration } from '../core/durations.ts'
import { PosthasteError } from '../core/errors.ts'
import { JOB_STATES, type JobState } from '../core/states.ts'
import type { Job } from '../core/view.ts'
import type { Posthaste } from '../runtime/posthaste.ts'
import type { ListOptions } from '../runtime/query.ts'
import { FOLLOWED_MAX, Followed } from './followed.ts'
import { paintState, stateText } from './output/colors.ts'
import type { Terminal } from './output/terminal.ts'
import { grouped, padEnd, plain, taskText } from './output/text.ts'
import { clockTime, relativeTime } from './output/time.ts'
import { stopSignals } from './signals.ts'

/** A busy store changes all the time; nobody reads faster than this. */
const LOOK_MIN_MS = 200
/** Hints may get lost: this often it looks without one. */
const LOOK_MAX_MS = 1_000

/** Prints what happens to jobs until the process is told to stop. @throws E_STORE_OPEN when there is no store to follow */
export const follow = async (
  terminal: Terminal,
  posthaste: Posthaste,
  config: Config,
  { state, ...places }: Pick<ListOptions, 'state' | 'queue' | 'task'>,
): Promise<void> => {
  if (posthaste.engine.info().kind === 'memory') {
    throw new PosthasteError('E_STORE_OPEN', `There is nothing to follow at ${config.engine}.`)
  }
  // The list checks the words: a wrong state would wait for ever.
  await posthaste.list({ ...(state === undefined ? {} : { state }), ...places, limit: 1 })
  const wanted = new Set<JobState>(state === undefined ? JOB_STATES : [state].flat())
  const signals = stopSignals()
  let isOver = false
  let wake = (): void => undefined
  void signals.first.then(() => {
    isOver = true
    wake()
  })
  const hints = await posthaste.engine.listen(() => wake())
  const jobs = new Followed(posthaste, places)
  try {
    if (await jobs.begin())
      terminal.note(`More jobs are unfinished; the newest ${grouped(FOLLOWED_MAX)} of them are followed.`)
    terminal.note(terminal.errColors.dim('Following what happens to jobs. Ctrl-C ends it.'))
    while (!isOver) {
      // Listening begins before the look: what changes while it looks is seen by the next one.
      const hint = new Promise<void>((resolve) => {
        wake = resolve
      })
      const { changed, missed } = await jobs.look()
      for (const job of changed.filter((one) => wanted.has(one.state)).sort(byMoment)) print(terminal, job)
      if (missed) terminal.note(terminal.errColors.dim('… and more: they come faster than they can be told.'))
      await pause(LOOK_MIN_MS)
      await Promise.race([hint, pause(LOOK_MAX_MS - LOOK_MIN_MS)])
    }
  } finally {
    await hints.close()
    signals.close()
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** When it came to be as it is now, as far as that is known: a promotion has no time of its own. */
const momentOf = ({ state, startedAt, runAt, history, createdAt }: Job): Date =>
  state === 'running' && startedAt !== null
    ? startedAt
    : state === 'ready' && runAt > createdAt
      ? runAt
      : (history.at(-1)?.at ?? createdAt)

const byMoment = (a: Job, b: Job): number => momentOf(a).getTime() - momentOf(b).getTime()

const STATE_WIDTH = Math.max(...JOB_STATES.map((state) => stateText(state).length))
const TASK_WIDTH = 12

/** With --json, the job on one line. */
const print = (terminal: Terminal, job: Job): void => {
  if (terminal.json) {
    terminal.print(JSON.stringify(job))
    return
  }
  const { dim, bold, red } = terminal.colors
  const { state, startedAt, finishedAt, attempt, runAt, lastError } = job
  const waits = state === 'scheduled' || state === 'retrying'
  const details = [
    job.queue,
    ...(attempt > 1 || state === 'retrying' || state === 'dead' ? [`attempt ${attempt}`] : []),
    ...(startedAt !== null && finishedAt !== null
      ? [formatDuration(Math.max(0, finishedAt.getTime() - startedAt.getTime()))]
      : []),
    ...(waits ? [relativeTime(runAt.getTime(), Date.now())] : []),
    ...(job.reason === null ? [] : [plain(job.reason)]),
  ]
  const parts = [
    dim(clockTime(momentOf(job))),
    paintState(terminal.colors, state, padEnd(stateText(state), STATE_WIDTH)),
    bold(padEnd(plain(taskText(job)), TASK_WIDTH)),
    job.id,
    dim(details.join('  ')),
    ...(lastError === null || state === 'running' ? [] : [red(plain(lastError.message))]),
  ]
  terminal.print(parts.join('  '))
}
