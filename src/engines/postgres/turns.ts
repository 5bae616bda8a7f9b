import type { ClaimRequest } from '../engine.ts'
import { numbers, texts, textsOrNull, words } from './arrays.ts'
import type { Claimed, ClaimStep } from './claim.ts'
import { type PgRow, toFlag, toNumber, toNumberOrNull } from './driver.ts'
import { byGate, Gates, NEVER, toSetting } from './gates.ts'
import type { Tx } from './session.ts'
import { Walk, type WalkedQueue } from './walk.ts'
import { BEFORE_ALL, type Group, type Line, type ReadyJob, Window } from './windows.ts'

/**
 * Claims that heed limits, or turns: what stands at the head of the lines is read, judged in order in memory, and what
 * was chosen is taken, by one claim at a time.
 */

/** Lines of each window that are read at once, beside its share of what is wanted. */
const LINES_MORE = 8
/** A claim that meets many groups to be parked reads four times as many lines each time, up to so many. */
const LINES_MAX = 4_000

interface Read {
  readonly gates: Gates
  readonly queues: readonly WalkedQueue[]
  readonly now: number
  readonly nextDueAt: number | null
  readonly takesTurns: boolean
}

const toJob = ([priority, runAt, id, solo]: PgRow): ReadyJob => ({
  priority: toNumber(priority),
  runAt: toNumber(runAt),
  id: id as string,
  solo: toFlag(solo),
})

/** What is known of a group, for all of its lines. */
class Groups {
  readonly all = new Map<string, Group>()

  of(queue: string, group: string | null, turn: number): Group {
    const name = JSON.stringify([queue, group])
    const known = this.all.get(name)
    if (known !== undefined) return known
    const made: Group = { queue, group, turn, parkedUntil: 0, capacity: null, hasMoved: false }
    this.all.set(name, made)
    return made
  }
}

/** Waits for the turn, brings the lines up to date, and reads everything but them. */
const read = async (
  tx: Tx,
  { schemaLock, engineLock, request, onTurn }: ClaimStep,
  groups: Groups,
): Promise<Read> => {
  const [names, tasks] = [textsOrNull(request.queues), textsOrNull(request.tasks)]
  const [, , , , , kinds, limits, running, claims, times] = await Promise.all([
    tx.run('gatePass', schemaLock, engineLock),
    tx.run('turnPass', schemaLock).then(onTurn),
    tx.run('groupsOpen', ...tx.at),
    tx.run('touchGroupless', names),
    tx.run('absorb'),
    tx.run('claimKinds', names, tasks),
    tx.run('limitsRead'),
    tx.run('runningCount'),
    tx.run('claimsOfLimits', false, ...tx.at),
    tx.run('nextDue', ...tx.at),
  ])
  const now = toNumber(times[0]?.[0])
  const gates = new Gates(now, limits.map(toSetting), running)
  for (const [gate, rows] of byGate(claims)) gates.learn(gate, rows)
  const keys = gates.keys()
  const walked = new Map<string, WalkedQueue>()
  for (const [number, name, task, last, turn] of kinds) {
    const queue = name as string
    const groupless = groups.of(queue, null, toNumberOrNull(turn) ?? toNumberOrNull(last) ?? 0)
    const known = walked.get(queue) ?? { queue, last: toNumberOrNull(last), groupless, windows: [] }
    walked.set(queue, known)
    const kind = { kind: toNumber(number), queue, task: task as string }
    known.windows.push(wholeKind(kind, groupless))
    if (known.last === null) continue
    for (const key of [null, ...keys]) {
      const source = key === null ? '' : `key ${key}`
      known.windows.push(new Window({ ...kind, key, source: `-${source}`, groupless }))
      known.windows.push(new Window({ ...kind, key, source: `+${source}`, groupless: null }))
    }
  }
  const queues = [...walked.values()]
  const takesTurns = queues.some(
    ({ last, windows }) => last !== null || windows.some((window) => gates.ofKind(window).length > 0),
  )
  return { gates, queues, now, nextDueAt: toNumberOrNull(times[0]?.[1]), takesTurns }
}

/** A window of the jobs that have neither group nor limit key: one line, of which nothing is known yet. */
const wholeKind = (
  { kind, queue, task }: { readonly kind: number; readonly queue: string; readonly task: string },
  turns: Group,
): Window => {
  const window = new Window({ kind, queue, task, key: null, source: null, groupless: turns })
  window.isComplete = true
  window.put({
    ...{ number: kind, queue, task, group: null, limit: null, turns },
    ...{ jobs: [], last: BEFORE_ALL, depth: 0, isComplete: false, spot: BEFORE_ALL },
  })
  return window
}

/** Reads lines, or more of them, for `wanted` jobs. */
const readLines = async (
  tx: Tx,
  windows: readonly Window[],
  wanted: number,
  groups: Groups,
): Promise<void> => {
  const first = Math.min(wanted, Math.ceil((2 * wanted) / windows.length) + LINES_MORE)
  const most = Math.min(LINES_MAX, first * 4 ** Math.max(...windows.map(({ reads }) => reads)))
  const ends = windows.map(({ end }) => end)
  const rows = await tx.run(
    'claimLines',
    numbers(windows.map(({ kind }) => kind)),
    texts(windows.map(({ source }) => source)),
    ...[numbers(ends.map(({ priority }) => priority)), numbers(ends.map(({ turn }) => turn))],
    ...[numbers(ends.map(({ runAt }) => runAt)), words(ends.map(({ id }) => id))],
    ...[most, wanted],
  )
  const byName = new Map(windows.map((window) => [`${window.kind} ${window.source}`, window]))
  const found = new Map<Window, Line[]>()
  for (const row of rows) {
    const window = byName.get(`${row[0]} ${row[1]}`) as Window
    const lines = found.get(window) ?? []
    found.set(window, lines)
    const number = toNumber(row[2])
    let line = lines.at(-1)
    if (line?.number !== number) {
      const [queue, group, limit] = [row[3] as string, row[4] as string | null, row[5] as string | null]
      window.end = {
        ...{
          priority: toNumber(row[6]),
          turn: toNumber(row[7]),
          runAt: toNumber(row[8]),
          id: row[9] as string,
        },
      }
      const turns = groups.of(queue, group, window.end.turn)
      line = {
        ...{ number, queue, task: window.task, group, limit, turns, jobs: [], last: BEFORE_ALL },
        ...{ depth: toNumber(row[14]), isComplete: false, spot: BEFORE_ALL },
      }
      lines.push(line)
    }
    line.jobs.push(toJob(row.slice(10, 14)))
  }
  for (const window of windows) {
    const lines = found.get(window) ?? []
    window.reads++
    window.isComplete = lines.length < most
    for (const line of lines) {
      line.last = line.jobs.at(-1) as ReadyJob
      line.isComplete = line.jobs.length < line.depth
      window.put(line)
    }
  }
}

/** Reads more jobs of lines. */
const readJobs = async (tx: Tx, lines: readonly Line[], wanted: number): Promise<void> => {
  const share = 2 + Math.ceil((2 * wanted) / lines.length)
  for (const line of lines) line.depth = Math.min(wanted, Math.max(share, 4 * line.depth))
  const rows = await tx.run(
    'claimJobs',
    numbers(lines.map(({ number }) => number)),
    numbers(lines.map(({ last }) => last.priority)),
    numbers(lines.map(({ last }) => last.runAt)),
    words(lines.map(({ last }) => last.id)),
    numbers(lines.map(({ depth }) => depth)),
  )
  const byNumber = new Map(lines.map((line) => [line.number, line]))
  for (const [number, ...job] of rows) byNumber.get(toNumber(number))?.jobs.push(toJob(job))
  for (const line of lines) {
    line.last = line.jobs.at(-1) ?? line.last
    line.isComplete = line.jobs.length < line.depth
  }
}

/** Reads what a walk needs to go on. */
const supply = async (
  tx: Tx,
  needs: ReadonlySet<Line | Window>,
  { wanted, gates, groups }: { readonly wanted: number; readonly gates: Gates; readonly groups: Groups },
): Promise<void> => {
  const windows = [...needs].filter((need): need is Window => need instanceof Window)
  const lines = [...needs].filter((need): need is Line => !(need instanceof Window))
  const known = new Set(groups.all.values())
  await Promise.all([
    windows.length === 0 ? [] : readLines(tx, windows, wanted, groups),
    lines.length === 0 ? [] : readJobs(tx, lines, wanted),
  ])
  const met = [...groups.all.values()].filter((group) => !known.has(group))
  const rated = met.flatMap((group) => gates.ofGroup(group)).filter(({ setting }) => setting.rate !== null)
  if (rated.length === 0) return
  const rows = await tx.run(
    'claimsRead',
    texts(rated.map(({ gate }) => gate)),
    numbers(rated.map(({ setting }) => setting.rate?.perMs ?? 0)),
    ...tx.at,
  )
  for (const [gate, claims] of byGate(rows)) gates.learn(gate, claims)
}

/** The queues that are compared with each other, in the order in which they come. */
const inOrder = (queues: readonly WalkedQueue[], { order, queues: asked }: ClaimRequest): WalkedQueue[][] => {
  if (order === 'merged' || asked === null) return [[...queues]]
  return [...new Set(asked)].map((name) => queues.filter(({ queue }) => queue === name))
}

/** Takes what was chosen, and writes what follows from it. */
const take = async (
  tx: Tx,
  { worker, request }: ClaimStep,
  {
    walk,
    gates,
    groups,
    queues,
  }: {
    readonly walk: Walk
    readonly gates: Gates
    readonly groups: Groups
    readonly queues: readonly WalkedQueue[]
  },
): Promise<{ rows: PgRow[]; opensAt: number | null }> => {
  const { chosen, more } = walk
  const sent: Promise<unknown>[] = []
  const taking =
    chosen.length === 0
      ? []
      : tx.run(
          'claimTake',
          numbers(chosen.map(({ line }) => line.number)),
          numbers(chosen.map(({ job }) => job.priority)),
          numbers(chosen.map(({ job }) => job.runAt)),
          words(chosen.map(({ job }) => job.id)),
          ...[chosen.length, worker, request.leaseMs],
          ...tx.at,
        )
  const made = gates.claimsMade()
  if (made.length > 0) {
    const [names, counts] = [texts(made.map(([gate]) => gate)), numbers(made.map(([, number]) => number))]
    sent.push(tx.run('claimsAdd', names, counts, numbers(made.map(([, , perMs]) => perMs)), ...tx.at))
  }
  const moved = [...groups.all.values()].filter(({ hasMoved, parkedUntil }) => hasMoved || parkedUntil > 0)
  if (moved.length > 0) {
    const fair = queues.filter(({ last }) => last !== null)
    sent.push(
      tx.run(
        'groupsMove',
        texts(moved.map(({ queue }) => queue)),
        texts(moved.map(({ group }) => (group === null ? '' : `=${group}`))),
        numbers(moved.map(({ turn }) => turn)),
        numbers(moved.map(({ parkedUntil }) => parkedUntil)),
        numbers(moved.map(({ capacity }) => capacity)),
        numbers([
          ...new Set(chosen.filter(({ line }) => line.turns.hasMoved).map(({ line }) => line.number)),
        ]),
        texts(fair.map(({ queue }) => queue)),
        numbers(fair.map(({ last }) => last)),
      ),
      tx.run('absorb'),
    )
  }
  const isAsked = !more && gates.haveRates
  const asking = isAsked ? opening(tx, walk, gates, queues) : null
  const [rows, opensAt] = await Promise.all([taking, asking, ...sent, tx.commit()])
  return { rows, opensAt }
}

/** When rates let the first of the jobs go that are left behind. */
const opening = async (
  tx: Tx,
  walk: Walk,
  gates: Gates,
  queues: readonly WalkedQueue[],
): Promise<number | null> => {
  const times = new Map<string, number>()
  const windows = queues.flatMap((queue) => queue.windows)
  for (const window of windows) times.set(`${window.kind} ${window.source}`, walk.opensAt(window))
  const asked = windows.filter(({ kind, source }) => times.get(`${kind} ${source}`) !== NEVER)
  const lined = asked.filter(({ source }) => source !== null)
  const rows = await tx.run(
    'claimOpening',
    numbers(lined.map(({ kind }) => kind)),
    texts(lined.map(({ source }) => source)),
    NEVER,
    numbers(asked.filter(({ source }) => source === null).map(({ kind }) => kind)),
  )
  const opens = rows
    .map(([kind, source, until]) => Math.max(toNumber(until), times.get(`${kind} ${source}`) ?? 0))
    .filter((at) => at > gates.now)
  return opens.length === 0 ? null : Math.min(...opens)
}

/** Claims what limits and turns let it, and ends the transaction. */
export const claimInTurn = async (tx: Tx, step: ClaimStep): Promise<Claimed> => {
  const { request } = step
  const groups = new Groups()
  const { gates, queues, now, nextDueAt, takesTurns } = await read(tx, step, groups)
  const walk = new Walk(gates, request.limit, inOrder(queues, request))
  const supplies = { wanted: request.limit + 1, gates, groups }
  for (let needs = walk.advance(); needs.size > 0; needs = walk.advance()) await supply(tx, needs, supplies)
  if (!walk.more && gates.haveRates) {
    const shut = queues
      .flatMap(({ windows }) => windows)
      .filter((window) => window.source !== null && ![gates.now, NEVER].includes(walk.opensAt(window)))
    for (let needs = walk.probe(shut); needs.size > 0; needs = walk.probe(shut))
      await supply(tx, needs, supplies)
  }
  const { rows, opensAt } = await take(tx, step, { walk, gates, groups, queues })
  return {
    now,
    nextDueAt: opensAt === null || nextDueAt === null ? (opensAt ?? nextDueAt) : Math.min(opensAt, nextDueAt),
    rows,
    more: walk.more,
    isCrowded: false,
    takesTurns,
    order: new Map(walk.chosen.map(({ job }, i) => [job.id, i])),
  }
}
