import type { JobRecord } from '../../core/job.ts'
import type { CountRow, Engine, StoredLogLine } from '../engine.ts'
import type { Guard } from './guard.ts'
import type { Shadow, Shadows } from './shadows.ts'

/** Looks at the numbers until nothing moved meanwhile, but not for ever. */
const COUNT_ROUNDS_MAX = 5

export interface Reader {
  get(ids: readonly string[]): Promise<(JobRecord | null)[]>
  logs(request: Parameters<Engine['logs']>[0]): Promise<StoredLogLine[]>
  counts(): Promise<CountRow[]>
}

export const createReader = (engine: Engine, guard: Guard, shadows: Shadows): Reader => {
  /**
   * The engine first, whose word counts; then the archive; then the engine once more: a job that was sent round again
   * between the two looks is there.
   */
  const get: Reader['get'] = async (ids) => {
    const found = new Map<string, JobRecord>()
    const look = async (
      read: (some: readonly string[]) => Promise<(JobRecord | null)[]>,
    ): Promise<boolean> => {
      const open = [...new Set(ids)].filter((id) => !found.has(id))
      if (open.length === 0) return true
      for (const job of await read(open)) if (job !== null) found.set(job.id, job)
      return false
    }
    const inEngine = await engine.get(ids)
    for (const job of inEngine) if (job !== null) found.set(job.id, job)
    const isDone = await look((some) => guard.ask((archive) => archive.get(some)))
    if (!isDone) await look((some) => engine.get(some))
    return ids.map((id) => found.get(id) ?? null)
  }

  return {
    get,

    /** The lines are where the job is. */
    async logs(request) {
      const lines = await engine.logs(request)
      if (lines.length > 0 || request.limit === 0) return lines
      const [job] = await engine.get([request.id])
      return job ? lines : guard.ask((archive) => archive.logs(request))
    },

    /**
     * Exact whenever nothing is being moved, also after a crash in between. While jobs are moved all the time, it is
     * tried several times to find a moment between two steps; at worst those of one step are counted twice.
     */
    async counts() {
      for (let round = 1; ; round++) {
        const before = await shadows.read()
        const hiddenBefore = await shadows.hidden(before)
        const rows = await engine.counts()
        const kept = await guard.ask((archive) => archive.counts())
        const hidden = await shadows.hidden(before)
        const after = await shadows.read()
        const isCalm = marksOf(before) === marksOf(after) && idsOf(hiddenBefore) === idsOf(hidden)
        if (isCalm || round === COUNT_ROUNDS_MAX) return addUp(rows, kept, hidden)
      }
    },
  }
}

const marksOf = (shadows: readonly Shadow[]): string =>
  shadows.map(({ key, version }) => `${key} ${version}`).join('\n')

const idsOf = (jobs: readonly JobRecord[]): string => jobs.map(({ id, fence }) => `${id} ${fence}`).join('\n')

const addUp = (
  own: readonly CountRow[],
  kept: readonly CountRow[],
  hidden: readonly JobRecord[],
): CountRow[] => {
  const rows = new Map<string, CountRow>()
  const add = ({ queue, task, state }: Omit<CountRow, 'count'>, count: number): void => {
    const name = JSON.stringify([queue, task, state])
    rows.set(name, { queue, task, state, count: (rows.get(name)?.count ?? 0) + count })
  }
  for (const row of [...own, ...kept]) add(row, row.count)
  for (const copy of hidden) add(copy, -1)
  return [...rows.values()].filter(({ count }) => count > 0)
}
