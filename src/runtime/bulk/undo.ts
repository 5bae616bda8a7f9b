import type { BulkDocument } from '../../core/bulk.ts'
import { appendHistory, parseHistory } from '../../core/history.ts'
import type { JobRecord } from '../../core/job.ts'
import { isFinished } from '../../core/states.ts'
import type { KeptJob } from '../../engines/engine.ts'
import { carryOut } from '../carry-out.ts'
import { readKept, readPage } from './kept.ts'
import type { Fared, StepDeps } from './step.ts'

interface Undone {
  /** The run that undoes. */
  readonly run: string
  readonly of: BulkDocument['of']
  /** Of the page that is undone. */
  readonly key: string
  readonly ids: readonly string[]
  readonly by: string
}

const refused = (id: string, code: string, message: string): Fared => ({
  id,
  ok: false,
  error: { code, message },
})

/**
 * Puts the jobs of one page back as they were. A job that had finished is stored as it was. One that was waiting is
 * stored as cancelled first, and then taken back from there like every cancelled one, which is refused when its key has
 * another holder by now: the job is then not lost, but stays cancelled.
 */
export const undoPage = async (deps: StepDeps, { run, of, key, ids, by }: Undone): Promise<Fared[]> => {
  const { engine } = deps
  if (of === null || ids.length === 0) return []
  const page = await readPage(engine, key)
  const at = await engine.now()
  const fared = new Map<string, Fared>()
  const note = (one: Fared): void => void fared.set(one.id, one)

  if (of.action === 'remove') {
    const wanted = ids.map((id) => ({ id, parts: page?.jobs[id]?.parts ?? 0 }))
    const found = await readKept(
      engine,
      of.id,
      wanted.filter(({ parts }) => parts > 0),
    )
    const byId = new Map(found.map((kept) => [kept.job.id, kept]))
    for (const id of ids) {
      const kept = byId.get(id)
      if (kept === undefined) note(refused(id, 'E_BULK_UNDO', `Job ${id} is not kept any more.`))
      // Its batch has counted it as removed, and may have gone on since.
      else if (!isFinished(kept.job.state) && kept.job.ties?.batch != null)
        note(refused(id, 'E_BULK_UNDO', `Job ${id} was unfinished and counts in a batch; add it anew.`))
    }
    const back = ids.flatMap((id) => (fared.has(id) ? [] : (byId.get(id) as KeptJob)))
    const verdicts = await engine.restore(back.map((kept) => asRemoved(kept, { run, of, by, at })))
    const there = await engine.get(back.map(({ job }) => job.id))
    for (const [i, { job }] of back.entries()) {
      // A step that is repeated after a crash finds what it has stored before.
      const isThere = !isFinished(job.state) && carriesMark(there[i] ?? null, of.id)
      const isBack = verdicts[i]?.status === 'ok' || isThere
      if (!isBack)
        note(
          refused(job.id, 'E_BULK_UNDO', `There is a job ${job.id} again that this run did not put there.`),
        )
      else if (isFinished(job.state)) note({ id: job.id, ok: true })
    }
  }

  const open = ids.filter((id) => !fared.has(id))
  const outcomes =
    open.length === 0
      ? []
      : await carryOut(deps, open, (id) => ({ kind: 'undo', of, reason: page?.jobs[id]?.reason ?? null }), {
          by,
          bulk: run,
        })
  for (const outcome of outcomes) note(outcome)
  // Parents may have ended while it was not there to hear of it.
  const blocked = outcomes.flatMap((one) => (one.ok && one.job.state === 'blocked' ? one.id : []))
  await deps.decideJobs(blocked, at)
  return ids.map((id) => fared.get(id) as Fared)
}

const carriesMark = (job: JobRecord | null, run: string): boolean =>
  job !== null && parseHistory(job.history).some(({ bulk }) => bulk === run)

/** The job as it is stored again: its fence above every one that it ever had, and its history with what happened. */
const asRemoved = (
  { job, log }: KeptJob,
  {
    run,
    of,
    by,
    at,
  }: {
    readonly run: string
    readonly of: NonNullable<BulkDocument['of']>
    readonly by: string
    readonly at: number
  },
): KeptJob => {
  const { state } = job
  const removal = { at: of.at, event: 'remove', from: state, to: 'removed', by: of.by, bulk: of.id } as const
  const removed = appendHistory(job.history, removal)
  const base = { ...job, fence: job.fence + 1 }
  if (!isFinished(state))
    return { job: { ...base, state: 'cancelled', reason: 'removed', finishedAt: at, history: removed }, log }
  const back = { at, event: 'undo', from: 'none', to: state, by, bulk: run } as const
  return { job: { ...base, history: appendHistory(removed, back) }, log }
}
