import type { JobRecord } from '../../core/job.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import { isFinished } from '../../core/states.ts'
import type { Engine } from '../engine.ts'
import type { Guard } from './guard.ts'

/**
 * Two stores cannot be written in one step, so for a moment a job can be in both. Before that comes about, a document in
 * the engine names the jobs: by it, numbers stay exact, and what a crash left behind is found and put in order.
 */
export interface Shadow {
  readonly key: string
  readonly version: number
  /** The engine's time of it. */
  readonly at: number
  /**
   * `both`: the copies in the archive do not count while the engine has the job (it is being moved, or was sent round
   * again). `removed`: somebody removed these jobs under these fences; a copy of that, or of what was before, does not
   * count.
   */
  readonly why: 'both' | 'removed'
  readonly ids: readonly string[]
  /** Of the jobs that were removed. */
  readonly fences?: readonly number[]
}

const COLLECTION = 'posthaste.archive'
/** Forgotten by itself, if nobody keeps the installation in order for so long. */
const TTL_MS = 7 * 24 * 3_600_000
/** Documents that are looked at; each names the jobs of one call. */
const SHADOWS_MAX = ENGINE_BATCH_MAX
/**
 * What nobody needs any more is deleted only when everything that was under way at the time has come to its end: a list
 * that was read half before and half after would otherwise miss the job.
 */
const SHADOW_GRACE_MS = 60_000

export class Shadows {
  readonly #engine: Engine
  readonly #guard: Guard
  readonly #newKey: () => string

  constructor(engine: Engine, guard: Guard, newKey: () => string) {
    this.#engine = engine
    this.#guard = guard
    this.#newKey = newKey
  }

  async read(): Promise<Shadow[]> {
    const request = { collection: COLLECTION, prefix: '', after: null, limit: SHADOWS_MAX }
    return (await this.#engine.listRecords(request)).map(({ key, version, value }) => ({
      ...(JSON.parse(value) as Omit<Shadow, 'key' | 'version'>),
      key,
      version,
    }))
  }

  async write(
    shadow: Omit<Shadow, 'key' | 'version'>,
    key = `${shadow.why} ${this.#newKey()}`,
  ): Promise<void> {
    const value = JSON.stringify(shadow)
    await this.#engine.putRecords([{ collection: COLLECTION, key, value, expect: null, ttlMs: TTL_MS }])
  }

  /** The copies in the archive that do not count now. */
  async hidden(shadows: readonly Shadow[]): Promise<JobRecord[]> {
    return (await this.#compare(shadows))
      .filter(({ job, isRemoved }) => job !== null || isRemoved)
      .map(({ copy }) => copy)
  }

  /** Deletes copies that will never count again, and documents that have nothing more to say. */
  async tidy(): Promise<void> {
    const shadows = await this.read()
    if (shadows.length === 0) return
    const before = (await this.#engine.now()) - SHADOW_GRACE_MS
    const compared = await this.#compare(shadows)
    const isOver = ({ at }: Shadow): boolean => at <= before
    const useless = compared.filter(({ copy, job, isRemoved, about }) => {
      const isPast = job !== null && copy.fence < job.fence
      return isRemoved || (isPast && about.every(isOver))
    })
    await this.forget(useless.map(({ copy }) => copy))
    // A job that is in both places as the same is still to be moved: the next sweep does it.
    const open = new Set(compared.flatMap(({ copy, job, about }) => (job?.fence === copy.fence ? about : [])))
    const done = shadows.filter((shadow) => isOver(shadow) && !open.has(shadow))
    for (const { key, version } of done) {
      await this.#engine.putRecords([
        { collection: COLLECTION, key, value: null, expect: version, ttlMs: null },
      ])
    }
  }

  /** Removes copies from the archive, as they are. */
  async forget(copies: readonly JobRecord[]): Promise<void> {
    for (let i = 0; i < copies.length; i += ENGINE_BATCH_MAX) {
      const some = copies.slice(i, i + ENGINE_BATCH_MAX)
      await this.#guard.ask((archive) => archive.change(some.map(removalOf)))
    }
  }

  /** The copies that the documents name, each beside what the engine has under its id. */
  async #compare(shadows: readonly Shadow[]): Promise<Compared[]> {
    const byId = new Map<string, Shadow[]>()
    for (const shadow of shadows) {
      for (const id of shadow.ids) {
        const about = byId.get(id)
        if (about === undefined) byId.set(id, [shadow])
        else about.push(shadow)
      }
    }
    const ids = [...byId.keys()]
    const compared: Compared[] = []
    for (let i = 0; i < ids.length; i += ENGINE_BATCH_MAX) {
      const some = ids.slice(i, i + ENGINE_BATCH_MAX)
      const jobs = await this.#engine.get(some)
      const copies = await this.#guard.ask((archive) => archive.get(some))
      for (const [n, copy] of copies.entries()) {
        if (copy === null || !isFinished(copy.state)) continue
        const about = byId.get(copy.id) ?? []
        const isRemoved = about.some((shadow) => isOfRemoved(copy, shadow))
        compared.push({ copy, job: jobs[n] ?? null, isRemoved, about })
      }
    }
    return compared
  }
}

interface Compared {
  readonly copy: JobRecord
  /** What the engine has under the same id. */
  readonly job: JobRecord | null
  /** Whether it is of a job that somebody removed. */
  readonly isRemoved: boolean
  readonly about: readonly Shadow[]
}

/** Not of a job that was added later under the same id: that one finished later, too. */
const isOfRemoved = ({ id, fence, finishedAt }: JobRecord, { why, at, ids, fences }: Shadow): boolean =>
  why === 'removed' && (finishedAt ?? 0) <= at && fence <= (fences?.[ids.indexOf(id)] ?? -1)

/** The change that removes a job, if it is still as it was read. */
export const removalOf = ({ id, fence, state, attempt, retries, crashes, solo }: JobRecord) => ({
  ...{ id, fence, attempt, retries, crashes, solo },
  // Nothing that runs is ever removed.
  from: state as Exclude<JobRecord['state'], 'running'>,
  to: 'removed' as const,
  ...{ reason: null, output: null, error: null, history: null },
})
