import type { Line } from './ledger.mjs'

export type { Line }

/** What the checker needs of a job as it stands after the drain. */
export interface FinalJob {
  readonly id: string
  readonly state: string
  readonly attempt: number
  readonly fence: number
  readonly reason: string | null
  readonly history: readonly { readonly event: string }[]
}

export interface CheckOptions {
  /** Lease + sweep + 1 s, and what a busy machine may add to it. */
  readonly recoveryMs: number
  /** From when on a maintainer was alive without a break: nobody rescues before. Default: always. */
  readonly maintainedFrom?: number
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
    readonly maxRecoveryMs: number
  }
}

interface StartedRun {
  readonly actor: string
  readonly fence: number
  readonly from: number
  until: number
  interrupted: boolean
}

/**
 * The one oracle of all kill campaigns. It knows nothing of how the system works: it compares what processes wrote
 * down with what the store says after the drain.
 *
 * - lost: an acknowledged add that is missing or has not ended (I1);
 * - ended twice: final settlements of one job under two leases, both acknowledged (I7). Two maintainers that write the
 *   same end of the same lease are both told that it is so: that is one end;
 * - overlap: two runs of one job at the same time, a killed process counting until its death (I2);
 * - fence: a run whose fence is not higher than that of every earlier run (I3);
 * - charged: more attempts on the job than handlers were seen to start (I5), or an innocent job that died of crashes (I6);
 * - late: a run cut off by a kill that was not begun again within the bound (I4).
 */
export const check = (lines: readonly Line[], jobs: readonly FinalJob[], options: CheckOptions): Verdict => {
  const violations: string[] = []
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const added = new Set<string>()
  const adding = new Set<string>()
  const finals = new Map<string, Set<number>>()
  const runs = new Map<string, StartedRun[]>()
  const open = new Map<string, Map<string, StartedRun>>()
  const killed = new Set<string>()

  for (const line of lines) {
    const id = line.id ?? ''
    if (line.what === 'adding') adding.add(id)
    if (line.what === 'added') added.add(id)
    if (line.what === 'settled') finals.set(id, (finals.get(id) ?? new Set()).add(line.fence ?? 0))
    if (line.what === 'start') {
      const run: StartedRun = {
        actor: line.actor,
        fence: line.fence ?? 0,
        from: line.t,
        until: Number.POSITIVE_INFINITY,
        interrupted: false,
      }
      runs.set(id, [...(runs.get(id) ?? []), run])
      const mine = open.get(line.actor) ?? new Map<string, StartedRun>()
      open.set(line.actor, mine.set(`${id}/${line.fence}`, run))
    }
    if (line.what === 'end') {
      const mine = open.get(line.actor)
      const run = mine?.get(`${id}/${line.fence}`)
      if (run !== undefined) run.until = line.t
      mine?.delete(`${id}/${line.fence}`)
    }
    if (line.what === 'kill') {
      killed.add(line.victim ?? '')
      for (const run of open.get(line.victim ?? '')?.values() ?? []) {
        run.until = line.t
        run.interrupted = true
      }
      open.delete(line.victim ?? '')
    }
  }

  for (const id of added) {
    const job = byId.get(id)
    if (job === undefined) violations.push(`lost: ${id} was acknowledged and is not in the store`)
    else if (!['completed', 'dead', 'cancelled'].includes(job.state)) {
      violations.push(`lost: ${id} was acknowledged and is still ${job.state} after the drain`)
    }
  }
  for (const [id, fences] of finals) {
    if (fences.size > 1)
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
      if (next.fence <= run.fence) {
        violations.push(`fence: ${id} ran with ${next.fence} after ${run.fence}`)
      }
      if (next.from < run.until) {
        violations.push(
          `overlap: ${id} ran in ${run.actor} (fence ${run.fence}) and ${next.actor} (fence ${next.fence})`,
        )
      }
      if (run.interrupted) {
        const recoveryMs = next.from - Math.max(run.until, options.maintainedFrom ?? 0)
        maxRecoveryMs = Math.max(maxRecoveryMs, recoveryMs)
        if (recoveryMs > options.recoveryMs) {
          violations.push(`late: ${id} was begun again after ${Math.round(recoveryMs)} ms`)
        }
      }
    }
  }

  for (const job of jobs) {
    const seen = runs.get(job.id)?.length ?? 0
    const ahead = chargedAhead(job)
    if (job.attempt > seen + ahead)
      violations.push(`charged: ${job.id} has ${job.attempt} attempts, ${seen} starts were seen`)
    if (job.reason === 'crashed' && !options.poison.has(job.id)) {
      // Also a worker that died after the handler's end, before the store heard of it, died while it held the job.
      const lost = (runs.get(job.id) ?? []).filter((run) => killed.has(run.actor)).length
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
    },
  }
}

/**
 * Runs that may have been charged without a handler: after a lost lease a job is claimed alone with its start written
 * first, so its worker may die between that write and the handler.
 */
const chargedAhead = ({ history }: FinalJob): number =>
  Math.max(0, history.filter(({ event }) => event === 'expire').length - 1)
