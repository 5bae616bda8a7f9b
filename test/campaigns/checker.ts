import type { Line } from './ledger.mjs'

export type { Line }

/** What the checker needs of a job as it stands after the drain. */
export interface FinalJob {
  readonly id: string
  readonly state: string
  readonly attempt: number
  readonly fence: number
  readonly reason: string | null
  readonly history: readonly { readonly event: string; readonly at?: Date }[]
  /** What the run that completed it returned. */
  readonly output?: unknown
}

export interface CheckOptions {
  /** Lease + sweep + 1 s, and what a busy machine may add to it. */
  readonly recoveryMs: number
  /** From when on a maintainer was alive without a break: nobody rescues before. Default: always. */
  readonly maintainedFrom?: number
  /** What the store may forget when it dies, by its own word: what it acknowledged so long before. Default 0. */
  readonly lossMs?: number
  /**
   * The wall clock minus the machine's: with it the bound is for when a job can be claimed, by the store's word. Without
   * it the bound is for when it is begun, which may be later: jobs that nobody saw start are handed out one by one.
   */
  readonly clockOffsetMs?: number
  /** Jobs that kill their worker on purpose: the only ones that may die of it. */
  readonly poison: ReadonlySet<string>
}

export interface Verdict {
  readonly violations: string[]
  readonly figures: {
    readonly acknowledged: number
    readonly unknownAdds: number
    readonly starts: number
    readonly kills: number
    readonly repeatedStarts: number
    readonly interrupted: number
    /** The longest, of those that the next claim began again. */
    readonly maxRecoveryMs: number
    /** Times that the store died or was stopped. */
    readonly downs: number
    /** Acknowledged jobs that the store forgot, and was allowed to. */
    readonly forgotten: number
    /** Checkpoints that were written too late, and were refused. */
    readonly refusedWrites: number
  }
}

interface StartedRun {
  readonly actor: string
  readonly fence: number
  readonly from: number
  until: number
  interrupted: boolean
  /** From when on its rescue is waited for: the death of its process, or the cut of its connection. */
  lostAt: number
}

/**
 * The one oracle of all kill campaigns. It knows nothing of how the system works: it compares what processes wrote
 * down with what the store says after the drain.
 *
 * - lost: an acknowledged add that is missing or has not ended (I1);
 * - ended twice: final settlements of one job under two leases, both acknowledged (I7). Two maintainers that write the
 *   same end of the same lease are both told that it is so: that is one end;
 * - overlap: two runs of one job at the same time (I2). A run counts until its end; until its process was killed or
 *   frozen; or until its handler was told to stop, whether it heeds that or not;
 * - fence: a run whose fence is not higher than that of every earlier run (I3);
 * - charged: more attempts on the job than handlers were seen to start (I5), or an innocent job that died of crashes (I6);
 * - late: a run cut off by a kill or a broken connection that was not free again within the bound (I4);
 * - stale write: a checkpoint was taken from a run that asked for it after another one of the job had begun (I3);
 * - stolen: a job's result is that of a run under another fence than the one it ended with (I3);
 * - died: a process ended although nobody killed it, as an unhandled rejection makes it do.
 *
 * A store that says that it may forget (`lossMs`) is forgiven what follows from it: jobs acknowledged, and ends written,
 * so shortly before it died.
 */
export const check = (lines: readonly Line[], jobs: readonly FinalJob[], options: CheckOptions): Verdict => {
  const violations: string[] = []
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const added = new Map<string, number>()
  const adding = new Set<string>()
  const finals = new Map<string, Set<number>>()
  const runs = new Map<string, StartedRun[]>()
  const open = new Map<string, Map<string, StartedRun>>()
  const killed = new Set<string>()
  const cut = new Set<string>()
  const downs = lines.filter(({ what }) => what === 'down').map(({ t }) => t)
  const { lossMs = 0 } = options
  const isForgivable = (t: number): boolean => downs.some((down) => t <= down && down - t <= lossMs)
  /** Jobs of which the store may have forgotten something. */
  const shaky = new Set<string>()
  let refusedWrites = 0

  /** What runs in a process is cut off; `isOver`: it does not go on either. */
  const interrupt = (victim: string, t: number, isOver: boolean): void => {
    for (const run of open.get(victim)?.values() ?? []) {
      run.interrupted = true
      run.lostAt = Math.min(run.lostAt, t)
      if (isOver) run.until = Math.min(run.until, t)
    }
  }

  for (const line of lines) {
    const id = line.id ?? ''
    if (line.what === 'adding') adding.add(id)
    if (line.what === 'added') added.set(id, line.t)
    if (line.what === 'settled') finals.set(id, (finals.get(id) ?? new Set()).add(line.fence ?? 0))
    if (line.id !== undefined && lossMs > 0 && isForgivable(line.t)) shaky.add(id)
    if (line.what === 'refused') refusedWrites++
    // Asked for before, it may have been stored in time: the answer was cut off, or its process was frozen.
    const isLater = ({ fence, from }: StartedRun): boolean =>
      fence > (line.fence ?? 0) && from < (line.askedAt ?? line.t)
    if (line.what === 'wrote' && (runs.get(id) ?? []).some(isLater))
      violations.push(`stale write: ${id} took a checkpoint under ${line.fence} after a later run had begun`)
    if (line.what === 'died') violations.push(`died: ${line.victim} ended by itself`)
    if (line.what === 'cut') {
      cut.add(line.victim ?? '')
      interrupt(line.victim ?? '', line.t, false)
    }
    if (line.what === 'heal') cut.delete(line.victim ?? '')
    if (line.what === 'freeze') interrupt(line.victim ?? '', line.t, true)
    if (line.what === 'start') {
      const run: StartedRun = {
        actor: line.actor,
        fence: line.fence ?? 0,
        from: line.t,
        until: Number.POSITIVE_INFINITY,
        interrupted: cut.has(line.actor),
        lostAt: cut.has(line.actor) ? line.t : Number.POSITIVE_INFINITY,
      }
      runs.set(id, [...(runs.get(id) ?? []), run])
      const mine = open.get(line.actor) ?? new Map<string, StartedRun>()
      open.set(line.actor, mine.set(`${id}/${line.fence}`, run))
    }
    if (line.what === 'end' || line.what === 'told') {
      const mine = open.get(line.actor)
      const run = mine?.get(`${id}/${line.fence}`)
      if (run !== undefined) run.until = Math.min(run.until, line.t)
      if (line.what === 'end') mine?.delete(`${id}/${line.fence}`)
    }
    if (line.what === 'kill') {
      killed.add(line.victim ?? '')
      interrupt(line.victim ?? '', line.t, true)
      open.delete(line.victim ?? '')
    }
  }

  let forgotten = 0
  for (const [id, t] of added) {
    const job = byId.get(id)
    if (job === undefined && isForgivable(t)) forgotten++
    else if (job === undefined) violations.push(`lost: ${id} was acknowledged and is not in the store`)
    else if (!['completed', 'dead', 'cancelled'].includes(job.state)) {
      violations.push(`lost: ${id} was acknowledged and is still ${job.state} after the drain`)
    }
  }
  for (const [id, fences] of finals) {
    if (fences.size > 1 && !shaky.has(id))
      violations.push(`ended twice: ${id} was settled as final under ${[...fences].join(', ')}`)
  }

  let starts = 0
  let interrupted = 0
  let repeatedStarts = 0
  let maxRecoveryMs = 0
  for (const [id, list] of runs) {
    starts += list.length
    repeatedStarts += list.length - 1
    for (const [index, run] of list.entries()) {
      if (run.interrupted) interrupted++
      const next = list[index + 1]
      if (next === undefined) continue
      if (next.fence <= run.fence && !shaky.has(id)) {
        violations.push(`fence: ${id} ran with ${next.fence} after ${run.fence}`)
      }
      if (next.from < run.until && !shaky.has(id)) {
        violations.push(
          `overlap: ${id} ran in ${run.actor} (fence ${run.fence}) and ${next.actor} (fence ${next.fence})`,
        )
      }
      if (run.interrupted) {
        const free = freedAt(byId.get(id), run.lostAt, options.clockOffsetMs)
        const recoveryMs = Math.min(next.from, free) - Math.max(run.lostAt, options.maintainedFrom ?? 0)
        // Claims in between whose holders never began it were lost as well, each with a bound of its own.
        const losses = next.fence - run.fence
        if (losses === 1) maxRecoveryMs = Math.max(maxRecoveryMs, recoveryMs)
        if (recoveryMs > losses * options.recoveryMs) {
          violations.push(`late: ${id} was free again after ${Math.round(recoveryMs)} ms, claim ${losses}`)
        }
      }
    }
  }

  for (const job of jobs) {
    const { by, fence } = (job.output ?? {}) as { readonly by?: unknown; readonly fence?: unknown }
    if (job.state === 'completed' && by !== undefined && fence !== job.fence)
      violations.push(`stolen: ${job.id} ended under ${job.fence} with the result of ${by} under ${fence}`)
    const seen = runs.get(job.id)?.length ?? 0
    const ahead = chargedAhead(job)
    if (job.attempt > seen + ahead)
      violations.push(`charged: ${job.id} has ${job.attempt} attempts, ${seen} starts were seen`)
    if (job.reason === 'crashed' && !options.poison.has(job.id)) {
      // Also a worker that died after the handler's end, before the store heard of it, died while it held the job.
      const lost = (runs.get(job.id) ?? []).filter((run) => run.interrupted || killed.has(run.actor)).length
      if (lost + ahead < 3) violations.push(`charged: ${job.id} died as crashed after ${lost} lost runs`)
    }
  }

  return {
    violations,
    figures: {
      acknowledged: added.size,
      unknownAdds: [...adding].filter((id) => !added.has(id)).length,
      starts,
      kills: killed.size,
      repeatedStarts,
      interrupted,
      maxRecoveryMs: Math.round(maxRecoveryMs),
      downs: downs.length,
      forgotten,
      refusedWrites,
    },
  }
}

/** When the lease that was lost at `lostAt` was taken from its worker, by the machine's clock. */
const freedAt = (job: FinalJob | undefined, lostAt: number, offsetMs: number | undefined): number => {
  if (offsetMs === undefined) return Number.POSITIVE_INFINITY
  const times = (job?.history ?? [])
    .filter(({ event }) => event === 'expire')
    .map(({ at }) => (at?.getTime() ?? Number.POSITIVE_INFINITY) - offsetMs)
  // A store writes whole milliseconds.
  return Math.min(...times.filter((time) => time >= lostAt - 1))
}

/**
 * Runs that may have been charged without a handler: after a lost lease a job is claimed alone with its start written
 * first, so its worker may die between that write and the handler.
 */
const chargedAhead = ({ history }: FinalJob): number =>
  Math.max(0, history.filter(({ event }) => event === 'expire').length - 1)
