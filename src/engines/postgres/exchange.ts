import type { JobRecord, Settlement } from '../../core/job.ts'
import { ENGINE_BATCH_MAX } from '../../core/limits.ts'
import type {
  ClaimRequest,
  ExchangeAnswer,
  ExchangeRequest,
  LeaseVerdict,
  RenewVerdict,
  SettleVerdict,
} from '../engine.ts'
import { numbers, words } from './arrays.ts'
import { type Claimed, claim, isNoted, Sight, toJobs } from './claim.ts'
import { isUuid } from './cursors.ts'
import { type PgRow, toFlag, toNumber, toNumberOrNull } from './driver.ts'
import { flushed } from './flush.ts'
import type { Parts } from './parts.ts'
import { toStoredJob } from './records.ts'
import { raiseClock, type Tx } from './session.ts'
import { divide, type Settled, settle, settlePlain } from './settle.ts'
import { claimInTurn } from './turns.ts'

/** Jobs that are remembered to have notes; with very many of them the memory begins anew, which costs time only. */
const NOTED_MAX = 100_000
/** How often a claim looks again behind others. */
const LOOKS_MAX = 8
/** Claims of which it is remembered whether they met limits or turns; with very many of them the memory begins anew. */
const TURNING_MAX = 1_000

interface Lease {
  readonly id: string
  readonly fence: number
}
const leaseName = ({ id, fence }: Lease): string => `${id} ${fence}`

/** The place of an exchange among the others of its engine that claim. */
interface Turn {
  /** It is known that limits or turns are to be heeded. */
  readonly isHeeded: boolean
  /** To be called when no other claim can come before this one. */
  readonly onTurn: () => void
}

/** What one exchange brought, before it is put into the form of an answer. */
interface Outcome {
  readonly settled: Settled | null
  readonly started: readonly PgRow[]
  readonly renewed: readonly PgRow[]
  readonly leases: readonly PgRow[]
  readonly claimed: Claimed | null
  readonly times: readonly PgRow[]
}

/** The one hot call. A busy worker's first successes and its next claim are one round trip and one transaction. */
export class Exchanger {
  private readonly parts: Parts
  private readonly sight = new Sight()
  private readonly noted = new Set<string>()
  /** Whether a claim of some queues and tasks met limits or turns: such a claim need not find that out again. */
  private readonly turning = new Map<string, { readonly takesTurns: boolean; readonly epoch: number }>()
  /** Settles when the newest exchange that claims has its turn in the store, or is over. */
  private turn: Promise<void> = Promise.resolve()

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** A running job got notes: it cannot be completed the plain way. */
  note(id: string): void {
    if (this.noted.size >= NOTED_MAX) this.noted.clear()
    this.noted.add(id)
  }

  async exchange(request: ExchangeRequest, deadline: number): Promise<ExchangeAnswer> {
    const { sessions, kinds, clock, hints } = this.parts
    const { worker, settle: settlements = [], start = [], renew } = request
    await kinds.prepare(settlements.flatMap(({ add = [] }) => add))
    let attempts = 0
    const outcome = await this.inTurn(request, async (turn) => {
      const outcome = await sessions.transaction({ doing: 'exchanging', deadline }, (tx) =>
        this.carryOut(tx, request, { mayBePlain: attempts++ === 0, turn }),
      )
      return { ...outcome, claimed: await this.heedTurns(outcome.claimed, request, deadline) }
    })
    const { settled, times } = outcome
    for (const { id } of settlements) this.noted.delete(id)
    if (settled !== null) flushed(settled.unit, kinds)
    const claimed = await this.seeThrough(outcome.claimed, request, deadline)
    const jobs = claimed === null ? [] : await this.jobsOf(claimed, request)
    const told = new Set(settled?.unit.hints)
    if (settlements.length > 0 || jobs.length > 0) told.add('changed')
    if (worker === null && settlements.length > 0) told.add('ready')
    hints.tell([...told])
    return {
      now: clock.saw(claimed?.now ?? toNumber(times[0]?.[0])),
      settled: verdictsOf(settlements, settled),
      started: await this.verdicts(start, outcome.started, (): LeaseVerdict => 'ok'),
      renewed: await this.verdicts(
        renew?.leases ?? [],
        outcome.renewed,
        (row): RenewVerdict => (toFlag(row[2]) ? 'cancel_requested' : 'ok'),
      ),
      unknown: worker === null ? [] : await this.unknown(worker, renew?.leases ?? [], outcome.leases),
      jobs,
      more: claimed?.more ?? false,
      nextDueAt: claimed === null ? toNumberOrNull(times[0]?.[1]) : claimed.nextDueAt,
    }
  }

  /** Verdicts about leases, by the rows of those that were found; the others are stale, or their jobs are gone. */
  async verdicts<Verdict>(
    leases: readonly Lease[],
    found: readonly PgRow[],
    toVerdict: (row: PgRow) => Verdict,
  ): Promise<(Verdict | 'stale' | 'missing')[]> {
    const rows = new Map(found.map((row) => [`${row[0]} ${row[1]}`, row]))
    const lost = leases.filter((one) => !rows.has(leaseName(one))).map(({ id }) => id)
    const known = await this.known(lost)
    return leases.map((one) => {
      const row = rows.get(leaseName(one))
      if (row !== undefined) return toVerdict(row)
      return known.has(one.id) ? 'stale' : 'missing'
    })
  }

  /** Which of some ids are those of jobs. */
  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const asked = [...new Set(ids.filter(isUuid))]
    if (asked.length === 0) return new Set()
    const rows = await this.parts.sessions.single('reading jobs', 'jobsKnown', () => [words(asked)])
    return new Set(rows.map(([id]) => id as string))
  }

  /**
   * Exchanges that claim go one behind the other, in the order in which they were called: the next one begins when this
   * one's claim is the next to be carried out. Until then it must hold nothing: this one might wait for it.
   */
  private async inTurn<T>(request: ExchangeRequest, work: (turn: Turn) => Promise<T>): Promise<T> {
    const { claim: wanted } = request
    if (!isClaiming(request) || wanted === undefined) return work({ isHeeded: false, onTurn: () => {} })
    const before = this.turn
    let onTurn = (): void => {}
    this.turn = new Promise((resolve) => {
      onTurn = resolve
    })
    try {
      await before
      const known = this.turning.get(kindsOf(wanted))
      const isHeeded = known?.takesTurns === true
      // Of one that may have to claim twice, the second claim must not be overtaken: nobody goes before it is over.
      const isNew = !isHeeded && known?.epoch !== this.parts.kinds.epoch
      return await work({ isHeeded, onTurn: isNew ? () => {} : onTurn })
    } finally {
      onTurn()
    }
  }

  /** A claim that met limits or turns without having expected them took nothing. It is made anew, with regard to them. */
  private async heedTurns(
    claimed: Claimed | null,
    { worker, claim: request }: ExchangeRequest,
    deadline: number,
  ): Promise<Claimed | null> {
    if (claimed === null || request === undefined || worker === null) return claimed
    this.learn(request, claimed)
    if (!claimed.takesTurns || claimed.order !== null) return claimed
    const { schemaLock, engineLock, sessions } = this.parts
    return sessions.transaction({ doing: 'claiming', deadline }, async (tx) => {
      const claiming = claimInTurn(tx, { schemaLock, engineLock, sight: 0, worker, request })
      await Promise.all([claiming, ...raiseClock(tx)])
      return claiming
    })
  }

  private async carryOut(
    tx: Tx,
    request: ExchangeRequest,
    { mayBePlain, turn }: { readonly mayBePlain: boolean; readonly turn: Turn },
  ): Promise<Outcome> {
    const { settle: settlements = [] } = request
    const isNotedJob = mayBePlain ? (id: string) => this.noted.has(id) : () => true
    const { plain, others } = divide(settlements, isNotedJob)
    const sent = settlePlain(tx, plain)
    const settled = others.length === 0 ? null : await settle(tx, this.parts, others)
    if (settled !== null) sent.push(...settled.sent)
    const rest = this.rest(tx, request, turn)
    if (settlements.length > 0 || request.claim !== undefined) sent.push(...raiseClock(tx))
    // A claim in turn goes there and back more than once, and ends the transaction itself.
    const [outcome] = await Promise.all([rest, ...sent, turn.isHeeded ? undefined : tx.commit()])
    return { ...outcome, settled }
  }

  /** Sends what comes behind the settlements. */
  private async rest(
    tx: Tx,
    request: ExchangeRequest,
    { isHeeded, onTurn }: Turn,
  ): Promise<Omit<Outcome, 'settled'>> {
    const { schemaLock, engineLock } = this.parts
    const { worker, start = [], renew, claim: wanted } = request
    // Of a lease that is named twice, the last word counts.
    const starts = [...new Map(start.filter(isLease).map((one) => [leaseName(one), one])).values()]
    const leases = [...new Map(renew?.leases.filter(isLease).map((one) => [leaseName(one), one])).values()]
    // Leases are locked in the order of their ids, by everyone.
    leases.sort((a, b) => (a.id < b.id ? -1 : 1))
    const isClaim = isClaiming(request) && wanted !== undefined && worker !== null
    const [started, renewed, ofWorker, claimed, times] = await Promise.all([
      starts.length === 0
        ? []
        : tx.run(
            'start',
            words(starts.map(({ id }) => id)),
            numbers(starts.map(({ fence }) => fence)),
            numbers(starts.map(({ attempt }) => attempt)),
            numbers(starts.map(({ startedAt }) => startedAt)),
          ),
      leases.length === 0
        ? []
        : tx.run(
            'renew',
            words(leases.map(({ id }) => id)),
            numbers(leases.map(({ fence }) => fence)),
            renew?.leaseMs ?? 0,
            ...tx.at,
          ),
      renew?.complete === true ? tx.run('leasesOfWorker', worker) : [],
      isClaim
        ? (isHeeded ? claimInTurn : claim)(tx, {
            schemaLock,
            engineLock,
            sight: this.sight.of(wanted.limit),
            worker,
            request: wanted,
            onTurn,
          })
        : null,
      isClaim ? [] : tx.run('nextDue', ...tx.at),
    ])
    return { started, renewed, leases: ofWorker, claimed, times }
  }

  /**
   * Others may hold, for the moment of their own claims, all that a claim could see. What is behind them is worth
   * another look at once: a worker that is told that there is nothing goes to sleep.
   */
  private async seeThrough(
    first: Claimed | null,
    { worker, claim: request }: ExchangeRequest,
    deadline: number,
  ): Promise<Claimed | null> {
    if (first === null || request === undefined || worker === null) return first
    const { schemaLock, engineLock, sessions } = this.parts
    let claimed = first
    for (let look = 0; look < LOOKS_MAX && claimed.rows.length === 0 && claimed.isCrowded; look++) {
      const sight = this.sight.of(request.limit)
      claimed = await sessions.transaction({ doing: 'claiming', deadline }, async (tx) => {
        const claiming = claim(tx, { schemaLock, engineLock, sight, worker, request })
        await Promise.all([claiming, ...raiseClock(tx), tx.commit()])
        return claiming
      })
      this.learn(request, claimed)
    }
    return this.heedTurns(claimed, { worker, claim: request }, deadline)
  }

  private learn(request: ClaimRequest, claimed: Claimed): void {
    const kinds = kindsOf(request)
    if (this.turning.size >= TURNING_MAX && !this.turning.has(kinds)) this.turning.clear()
    this.turning.set(kinds, { takesTurns: claimed.takesTurns, epoch: this.parts.kinds.epoch })
    if (claimed.order === null) this.sight.learn(request.limit, claimed)
  }

  private async jobsOf(claimed: Claimed, { worker, claim: request }: ExchangeRequest): Promise<JobRecord[]> {
    if (worker === null || request === undefined) return []
    for (const row of claimed.rows) if (isNoted(row)) this.note(row[0] as string)
    return toJobs(claimed, this.parts.kinds, { worker, request })
  }

  /** What runs under this worker's name although it does not know of it. */
  private async unknown(
    worker: string,
    leases: readonly Lease[],
    found: readonly PgRow[],
  ): Promise<JobRecord[]> {
    const known = new Set(leases.map(leaseName))
    const lost = found.filter(([id, fence]) => !known.has(`${id} ${fence}`)).slice(0, ENGINE_BATCH_MAX)
    if (lost.length === 0) return []
    const ids = words(lost.map(([id]) => id as string))
    const rows = await this.parts.sessions.single('reading jobs', 'record', () => [ids])
    const names = new Set(lost.map(([id, fence]) => `${id} ${fence}`))
    return rows
      .map((row) => toStoredJob(row).job)
      .filter((job) => job.state === 'running' && job.worker === worker && names.has(leaseName(job)))
  }
}

const isClaiming = ({ worker, claim: wanted }: ExchangeRequest): boolean =>
  wanted !== undefined && worker !== null && wanted.limit > 0

/** Of which queues and tasks a claim is. */
const kindsOf = ({ queues, tasks }: ClaimRequest): string => JSON.stringify([queues, tasks])

const isLease = ({ id }: Lease): boolean => isUuid(id)

/** Puts the verdicts of settlements into the order of the request: what is not among the others was plain, and is ok. */
const verdictsOf = (settlements: readonly Settlement[], settled: Settled | null): SettleVerdict[] => {
  const verdicts = new Map(settled?.of.map((settlement, i) => [settlement, settled.verdicts[i]]))
  return settlements.map((settlement) => verdicts.get(settlement) ?? 'ok')
}
