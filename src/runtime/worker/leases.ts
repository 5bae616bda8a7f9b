import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import type { Fetcher } from './fetcher.ts'
import type { Held } from './held.ts'
import type { Runner } from './runner.ts'
import type { WorkerSettings } from './settings.ts'
import type { Settler } from './settler.ts'

/** A handler that runs longer than this has its start recorded; shorter ones leave no write of their own. */
const RECORD_START_MS = 100

const HEARTBEATS_A_LEASE = 3
/** A hint that something changed brings the next heartbeat forward, but no closer than this to the one before. */
const HURRY_MS = 1_000

export interface LeaseHolders {
  readonly settings: WorkerSettings
  readonly fetcher: Fetcher
  readonly runner: Runner
  readonly settler: Settler
  /** Runs that are over and still write what they reported. */
  readonly finishing: ReadonlySet<Held>
}

/** Knows what this worker holds, and when the store must hear about it: renewals and recorded starts. */
export class Leases {
  #holders: LeaseHolders
  #heartbeatAt = Number.POSITIVE_INFINITY
  #renewedAt = Number.NEGATIVE_INFINITY
  #startsAt = Number.POSITIVE_INFINITY
  #answerLost = false

  constructor(holders: LeaseHolders) {
    this.#holders = holders
  }

  /** Every lease that the store may believe to be ours, but for the settlements that the caller has just taken. */
  list(): Held[] {
    const { fetcher, settler, finishing, runner } = this.#holders
    const all = [...fetcher.list(), ...settler.list(), ...finishing]
    for (const held of runner.running) if (!held.over) all.push(held)
    return all
  }

  /** A claim brought this job. */
  claimed(held: Held): void {
    this.#heartbeatAt = Math.min(this.#heartbeatAt, held.claimedAt + this.#everyMs(held))
  }

  /** A handler began at `now`. */
  began(held: Held, now: number): void {
    if (!held.startRecorded) this.#startsAt = Math.min(this.#startsAt, now + RECORD_START_MS)
  }

  /** A claim may have been carried out whose answer nobody heard: the next call asks what the store thinks we hold. */
  answerLost(): void {
    this.#answerLost = true
  }

  /** Jobs changed somewhere: perhaps one of ours is to be cancelled, which a renewal tells. */
  hurry(): void {
    if (this.#holders.runner.running.size === 0) return
    this.#heartbeatAt = Math.min(this.#heartbeatAt, this.#renewedAt + HURRY_MS)
  }

  #everyMs(held: Held): number {
    return Math.min(this.#holders.settings.heartbeatMs, held.leaseMs / HEARTBEATS_A_LEASE)
  }

  /** When the store must hear from us (monotonic). */
  nextAt(): number {
    return this.#answerLost ? 0 : Math.min(this.#heartbeatAt, this.#startsAt)
  }

  /** Starts to record now. */
  starts(now: number): Held[] {
    if (now < this.#startsAt) return []
    const due: Held[] = []
    let next = Number.POSITIVE_INFINITY
    for (const held of this.#holders.runner.running) {
      if (held.startRecorded || held.over) continue
      // Its payload is still being checked, or its child is starting: looked at again.
      if (held.startedStoreMs === null) next = Math.min(next, now + RECORD_START_MS)
      else if (now >= held.startedAt + RECORD_START_MS && due.length < ENGINE_BATCH_MAX) due.push(held)
      else next = Math.min(next, held.startedAt + RECORD_START_MS)
    }
    this.#startsAt = next
    return due
  }

  /** A call with recorded starts failed. */
  startsFailed(now: number): void {
    this.#startsAt = now
  }

  /**
   * Leases to renew now, or null. One call names them all, which lets the store answer what it thinks is ours beside
   * them. A worker that holds more than one call can name renews the longest untouched first, in several calls; what a
   * lost answer hid from it then comes back when its lease runs out.
   */
  renewals(now: number): { readonly leases: Held[]; readonly complete: boolean } | null {
    if (!this.#answerLost && now < this.#heartbeatAt) return null
    const all = this.list()
    this.#renewedAt = now
    this.#heartbeatAt = all.reduce(
      (at, held) => Math.min(at, now + this.#everyMs(held)),
      Number.POSITIVE_INFINITY,
    )
    if (all.length <= ENGINE_BATCH_MAX) {
      const asked = this.#answerLost || all.length > 0
      this.#answerLost = false
      return asked ? { leases: all, complete: true } : null
    }
    this.#answerLost = false
    const touched = (held: Held): number => held.leaseEndsAt - held.leaseMs
    all.sort((a, b) => touched(a) - touched(b))
    const next = all[ENGINE_BATCH_MAX]
    if (next !== undefined && now - touched(next) >= this.#everyMs(next) / 2) this.#heartbeatAt = now
    return { leases: all.slice(0, ENGINE_BATCH_MAX), complete: false }
  }

  /** A call with renewals failed: they are due again with the next one, with what they asked. */
  renewalsFailed(now: number, complete: boolean): void {
    this.#heartbeatAt = now
    if (complete) this.#answerLost = true
  }
}
