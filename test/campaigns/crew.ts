import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Posthaste } from 'posthaste'
import { newId } from '../../src/core/ids.ts'
import { pause } from './drain.ts'
import { type Line, openLedger } from './ledger.mjs'
import { type Actor, killActor, startActor, stopActor } from './processes.ts'

type Program = 'worker' | 'adder'

/** Polls of a ledger while something is waited for. */
const LOOK_EVERY_MS = 20

/** Waits until a job has ended. A call may be lost with its connection; it is made again. */
const ended = async (ph: Posthaste, id: string, timeoutMs: number): Promise<void> => {
  for (const from = performance.now(); performance.now() - from < timeoutMs; await pause(LOOK_EVERY_MS)) {
    const state = await ph.get(id).then(
      (job) => job?.state,
      () => undefined,
    )
    if (state === 'completed') return
  }
  throw new Error(`job ${id} was begun and did not end`)
}

/** The processes of one campaign, their folder, and the ledger of whoever drives it. */
export class Crew {
  readonly folder: string
  readonly workers: Actor[] = []
  readonly adders: Actor[] = []
  readonly driver: ReturnType<typeof openLedger>
  private readonly settings: Readonly<Record<string, unknown>>
  private readonly all = new Set<Actor>()
  private readonly starting = new Set<Promise<unknown>>()
  private born = 0

  /** `settings` are those of the programs; `name` shows in the name of the folder. */
  constructor(name: string, settings: Readonly<Record<string, unknown>>) {
    this.folder = mkdtempSync(join(tmpdir(), `posthaste-${name}-`))
    this.driver = openLedger(this.folder, 'driver')
    this.settings = { ...settings, ledgerFolder: this.folder, logLevel: 'warn' }
  }

  async start(program: Program, settings: Readonly<Record<string, unknown>> = {}): Promise<Actor> {
    const name = `${program}-${++this.born}`
    const actor = await startActor(program, name, { ...this.settings, ...settings })
    this.all.add(actor)
    ;(program === 'worker' ? this.workers : this.adders).push(actor)
    void actor.ended.then(() => {
      const what = actor.expected ? 'kill' : 'died'
      this.driver.write({ what, victim: actor.name })
      this.all.delete(actor)
      const list = program === 'worker' ? this.workers : this.adders
      const at = list.indexOf(actor)
      if (at >= 0) list.splice(at, 1)
    })
    return actor
  }

  /** Starts so many workers that there are `count`, without waiting for them. */
  replenish(count: number): void {
    while (this.workers.length + this.starting.size < count) {
      const starting = this.start('worker').finally(() => this.starting.delete(starting))
      // One that could not be started fails the campaign where it is waited for.
      starting.catch(() => {})
      this.starting.add(starting)
    }
  }

  /** Waits for those that are being started. */
  async assembled(): Promise<void> {
    await Promise.all(this.starting)
  }

  /** Kills one of the workers; waits for one to be there, if need be. */
  async killOne(index: number): Promise<void> {
    if (this.workers.length === 0) await Promise.race(this.starting)
    const victim = this.workers[index % Math.max(1, this.workers.length)]
    if (victim === undefined) throw new Error('there is no worker to kill')
    await killActor(victim)
  }

  async stop(list: readonly Actor[]): Promise<void> {
    await Promise.all(list.map(stopActor))
  }

  /** Where the ledger of an actor ends now. */
  mark(actor: Actor): number {
    const file = this.ledgerOf(actor)
    return existsSync(file) ? statSync(file).size : 0
  }

  /** What an actor wrote to its ledger behind a mark. */
  linesSince(actor: Actor, mark: number): Line[] {
    const file = this.ledgerOf(actor)
    if (!existsSync(file)) return []
    const descriptor = openSync(file, 'r')
    try {
      const data = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - mark))
      const length = readSync(descriptor, data, 0, data.length, mark)
      const lines = data.subarray(0, length).toString().split('\n').slice(0, -1)
      return lines.map((text) => JSON.parse(text) as Line)
    } finally {
      closeSync(descriptor)
    }
  }

  /**
   * How long it takes, from now, until a worker begins a job that nobody else can. Infinity: it did not in time. `ph`:
   * adds it, straight to the store. Answers when the store has its end: were the worker killed before, the job would
   * wait for ever for somebody who knows its task.
   */
  async worksAgain(worker: Actor, ph: Posthaste, timeoutMs: number): Promise<number> {
    const from = performance.now()
    const mark = this.mark(worker)
    const id = newId()
    this.driver.write({ what: 'adding', id })
    let isAdded = false
    while (performance.now() - from < timeoutMs && worker.alive) {
      if (!isAdded) {
        isAdded = await ph.add(`work-${worker.name}`, { ms: 0 }, { id }).then(
          () => true,
          () => false,
        )
        if (isAdded) this.driver.write({ what: 'added', id })
      }
      const begun = this.linesSince(worker, mark).some((line) => line.what === 'start' && line.id === id)
      if (begun) {
        const tookMs = performance.now() - from
        await ended(ph, id, timeoutMs)
        return tookMs
      }
      await pause(LOOK_EVERY_MS)
    }
    return Number.POSITIVE_INFINITY
  }

  private ledgerOf(actor: Actor): string {
    return join(this.folder, `${actor.name}.ndjson`)
  }

  logLines(actor: Actor): string[] {
    return existsSync(actor.log) ? readFileSync(actor.log, 'utf8').split('\n').slice(0, -1) : []
  }

  /** How much processor time a worker has used so far, in ms. */
  async processorMs(actor: Actor): Promise<number> {
    const mark = this.mark(actor)
    actor.child.kill('SIGUSR2')
    for (const deadline = performance.now() + 5_000; performance.now() < deadline; ) {
      const line = this.linesSince(actor, mark).find(({ what }) => what === 'processor')
      if (line !== undefined) return line.ms ?? 0
      await pause(LOOK_EVERY_MS)
    }
    throw new Error(`${actor.name} does not tell its processor time`)
  }

  /** Ends everything that is left, and removes the folder. */
  async end(): Promise<void> {
    await Promise.allSettled(this.starting)
    await Promise.all([...this.all].map(killActor))
    this.driver.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
