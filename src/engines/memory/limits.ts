import type { JobRecord } from '../../core/job.ts'
import { taskName } from '../../core/task-name.ts'
import type { LimitRow, LimitWrite, RecordVerdict } from '../engine.ts'
import type { Store } from './store.ts'

/** One setting as it is stored. */
type Stored = Omit<LimitRow, 'running' | 'opensAt'>

const nameOf = (scope: string, name: string): string => `${scope} ${name}`

/** What a group's turn moves on by, for weight 1. Divisible by many weights, so that turns stay whole numbers. */
const STRIDE = 720_720

/** Limits, what was claimed under rates, and the turns of groups. */
export class Limits {
  readonly settings = new Map<string, Stored>()
  /** By setting and what it is about: when jobs were claimed under its rate. */
  readonly #claims = new Map<string, number[]>()
  /** By queue and group: its turn, and how many of its jobs are ready. */
  readonly #lines = new Map<string, { turn: number; ready: number }>()
  /** By queue: the furthest turn that was had. */
  readonly #last = new Map<string, number>()
  /** Queues that ever had a job with a group or a limit key: in the others nobody takes turns. */
  readonly #fair = new Set<string>()

  added({ queue, group, ties }: JobRecord): void {
    if (group !== null || (ties?.limit ?? null) !== null) this.#fair.add(queue)
  }

  /** Whether these jobs come in their order, one after the other. */
  areFree(jobs: readonly JobRecord[]): boolean {
    return this.settings.size === 0 && !jobs.some(({ queue }) => this.#fair.has(queue))
  }

  /** The settings that bound a job, each with a name for those that share it. */
  of({ queue, task, group, ties }: JobRecord): { readonly setting: Stored; readonly of: string }[] {
    const own = group === null ? undefined : this.settings.get(nameOf('group', `${queue}/${group}`))
    const found: [Stored | undefined, string][] = [
      [this.settings.get(nameOf('queue', queue)), `queue ${queue}`],
      [this.settings.get(nameOf('task', taskName(task))), `task ${taskName(task)}`],
      [
        group === null ? undefined : (own ?? this.settings.get(nameOf('groups', queue))),
        `group ${queue}/${group}`,
      ],
      [ties?.limit == null ? undefined : this.settings.get(nameOf('key', ties.limit)), `key ${ties?.limit}`],
    ]
    return found.flatMap(([setting, of]) => (setting === undefined ? [] : [{ setting, of }]))
  }

  /** When a rate lets one more go: now, or the end of its stretch. */
  opensAt({ rate }: Stored, of: string, now: number): number {
    if (rate === null) return now
    const within = (this.#claims.get(of) ?? []).filter((at) => at > now - rate.perMs)
    return within.length < rate.max ? now : (within[within.length - rate.max] ?? now) + rate.perMs
  }

  claimed(job: JobRecord, now: number): void {
    for (const { setting, of } of this.of(job)) {
      if (setting.rate === null) continue
      const kept = (this.#claims.get(of) ?? []).slice(-setting.rate.max)
      this.#claims.set(of, [...kept, now])
    }
    if (!this.#fair.has(job.queue)) return
    const line = this.#line(job)
    this.#last.set(job.queue, Math.max(this.#last.get(job.queue) ?? 0, line.turn))
    line.turn += Math.round(STRIDE / this.#weight(job))
  }

  #line({ queue, group }: Pick<JobRecord, 'queue' | 'group'>): { turn: number; ready: number } {
    const name = JSON.stringify([queue, group])
    const line = this.#lines.get(name) ?? { turn: 0, ready: 0 }
    this.#lines.set(name, line)
    return line
  }

  /** A job became ready (1), or is it no more (-1). */
  countReady(job: JobRecord, difference: 1 | -1): void {
    const line = this.#line(job)
    if (difference === 1 && line.ready === 0) this.#catchUp(job)
    line.ready += difference
  }

  #catchUp(job: Pick<JobRecord, 'queue' | 'group'>): void {
    const line = this.#line(job)
    line.turn = Math.max(line.turn, this.#last.get(job.queue) ?? 0)
  }

  /** The turn of a job's group. */
  turn(job: JobRecord): number {
    return this.#line(job).turn
  }

  #weight({ queue, group }: JobRecord): number {
    if (group === null) return 1
    const own = this.settings.get(nameOf('group', `${queue}/${group}`))
    return (own ?? this.settings.get(nameOf('groups', queue)))?.weight ?? 1
  }

  /** A group that was stopped, say, has saved nothing up. */
  written({ scope, name }: LimitWrite): void {
    const slash = name.indexOf('/')
    if (scope === 'group') this.#catchUp({ queue: name.slice(0, slash), group: name.slice(slash + 1) })
  }

  /** A rate that is set anew counts from then on. */
  forgetClaims({ scope, name }: LimitWrite): void {
    const isAbout = (of: string): boolean =>
      of === `${scope} ${name}` || (scope === 'groups' && of.startsWith(`group ${name}/`))
    for (const of of this.#claims.keys()) if (isAbout(of)) this.#claims.delete(of)
  }
}

/** Tells jobs that may be claimed from those whose limits are reached. */
export class Gate {
  readonly #store: Store
  readonly #now: number
  readonly #running = new Map<string, number>()

  constructor(store: Store, now: number) {
    this.#store = store
    this.#now = now
    for (const job of store.running.items) this.#count(job)
  }

  #count(job: JobRecord): void {
    for (const { of } of this.#store.limits.of(job)) this.#running.set(of, (this.#running.get(of) ?? 0) + 1)
  }

  /** When its rates let a job go: now, or later; null when it is held back by something that no time ends. */
  opensAt(job: JobRecord): number | null {
    const { limits } = this.#store
    const bounds = limits.of(job)
    const isFull = bounds.some(
      ({ setting, of }) =>
        setting.pausedBy !== null ||
        (setting.concurrency !== null && (this.#running.get(of) ?? 0) >= setting.concurrency),
    )
    if (isFull) return null
    return Math.max(this.#now, ...bounds.map(({ setting, of }) => limits.opensAt(setting, of, this.#now)))
  }

  isOpen(job: JobRecord): boolean {
    return this.opensAt(job) === this.#now
  }

  claimed(job: JobRecord): void {
    this.#count(job)
    this.#store.limits.claimed(job, this.#now)
  }
}

export const setLimits = (store: Store, now: number, writes: readonly LimitWrite[]): RecordVerdict[] => {
  const { settings } = store.limits
  const versionOf = ({ scope, name }: LimitWrite): number => settings.get(nameOf(scope, name))?.version ?? 0
  const fits = (write: LimitWrite): boolean => write.expect === null || write.expect === versionOf(write)
  if (!writes.every(fits)) {
    return writes.map((write) =>
      fits(write) ? { status: 'refused' } : { status: 'conflict', version: versionOf(write) },
    )
  }
  return writes.map((write) => {
    const { expect: _, ...setting } = write
    const { scope, name, concurrency, rate, weight, pausedBy } = setting
    const before = settings.get(nameOf(scope, name))
    const isSameRate = before?.rate?.max === rate?.max && before?.rate?.perMs === rate?.perMs
    if (!isSameRate) store.limits.forgetClaims(write)
    store.limits.written(write)
    store.hints.add('ready')
    if ((concurrency ?? rate ?? weight ?? pausedBy) === null) {
      settings.delete(nameOf(scope, name))
      return { status: 'ok', version: 0 }
    }
    const pausedAt = pausedBy === null ? null : (before?.pausedAt ?? now)
    const version = versionOf(write) + 1
    settings.set(nameOf(scope, name), Object.freeze({ ...setting, version, pausedAt }))
    return { status: 'ok', version }
  })
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

export const readLimits = (store: Store, now: number): LimitRow[] =>
  [...store.limits.settings.values()]
    .sort((a, b) => byBytes(a.scope, b.scope) || byBytes(a.name, b.name))
    .map((setting) => {
      const under = store.running.items.filter((job) =>
        store.limits.of(job).some((bound) => bound.setting === setting),
      )
      const at =
        setting.scope === 'groups'
          ? now
          : store.limits.opensAt(setting, `${setting.scope} ${setting.name}`, now)
      return { ...setting, running: under.length, opensAt: at > now ? at : null }
    })
