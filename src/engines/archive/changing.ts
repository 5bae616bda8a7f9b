import type { Change, JobRecord } from '../../core/job.ts'
import { LOG_LINES_MAX } from '../../core/limits.ts'
import { isFinished } from '../../core/states.ts'
import type { ChangeVerdict, Engine, KeptJob } from '../engine.ts'
import type { Guard } from './guard.ts'
import type { Shadows } from './shadows.ts'

/**
 * What operators do to jobs, wherever these are. A job that is sent round again comes back into the engine with all that
 * it had; its copy is deleted later, by a sweep. A job that is removed is removed on both sides.
 */
export const changeBoth = async (
  { engine, guard, shadows }: { readonly engine: Engine; readonly guard: Guard; readonly shadows: Shadows },
  changes: readonly Change[],
): Promise<ChangeVerdict[]> => {
  const removals = changes.filter(({ to }) => to === 'removed')
  // Noted first: a sweep that is just copying the job finds the note, whatever becomes of us.
  if (removals.length > 0) {
    const fences = removals.map(({ fence }) => fence)
    const ids = removals.map(({ id }) => id)
    await shadows.write({ why: 'removed', at: await engine.now(), ids, fences })
  }
  const verdicts = await engine.change(changes)
  const elsewhere = changes.flatMap((change, index) =>
    verdicts[index]?.status === 'missing' ? [{ change, index }] : [],
  )
  if (elsewhere.length > 0) {
    const copies = await guard.ask((archive) => archive.get(elsewhere.map(({ change }) => change.id)))
    const done = new Set<string>()
    for (const [n, { change, index }] of elsewhere.entries()) {
      const copy = copies[n] ?? null
      if (copy === null) continue
      const isAsRead = copy.state === change.from && copy.fence === change.fence && !done.has(change.id)
      // A second change of the same job in this call finds that it is not any more what it was.
      verdicts[index] = isAsRead ? await changeKept(change, copy) : { status: 'stale' }
      if (verdicts[index]?.status === 'ok') done.add(change.id)
    }
  }
  const gone = changes.flatMap(({ id, to }, index) =>
    to === 'removed' && verdicts[index]?.status === 'ok' ? id : [],
  )
  // What is left of it in the archive does not count any more. If this fails, a sweep does it.
  if (gone.length > 0) await forget(gone).catch(() => undefined)
  return verdicts

  async function changeKept(change: Change, copy: JobRecord): Promise<ChangeVerdict> {
    const { to } = change
    if (to === 'removed' || isFinished(to)) {
      const [verdict] = await guard.ask((archive) => archive.change([change]))
      return verdict as ChangeVerdict
    }
    const now = await engine.now()
    const log = await guard.ask((archive) =>
      archive.logs({ id: change.id, after: null, limit: LOG_LINES_MAX }),
    )
    await shadows.write({ why: 'both', at: now, ids: [change.id] })
    // A job that is to wait for something comes back as it was, and is changed where it then is. Whoever is killed in
    // between leaves a finished job, which is moved again.
    const isReady = to === 'ready'
    const [verdict] = await engine.restore([{ job: isReady ? revived(change, copy, now) : copy, log }])
    if (verdict?.status === 'key_taken') return verdict
    // Known: somebody else was faster.
    if (verdict?.status !== 'ok') return { status: 'stale' }
    if (isReady) return { status: 'ok' }
    const [changed] = await engine.change([change])
    return changed as ChangeVerdict
  }

  async function forget(ids: readonly string[]): Promise<void> {
    const copies = await guard.ask((archive) => archive.get(ids))
    await shadows.forget(copies.flatMap((copy) => copy ?? []))
  }
}

/** The job as the change leaves it. */
const revived = (
  { to, fence, delayMs, attempt, retries, crashes, solo, reason, output, error, history }: Change,
  copy: JobRecord,
  now: number,
): KeptJob['job'] => ({
  ...copy,
  state: to as JobRecord['state'],
  fence: fence + 1,
  runAt: delayMs === undefined ? copy.runAt : now + delayMs,
  finishedAt: null,
  ...{ attempt, retries, crashes, solo, reason, output, error, history },
})
