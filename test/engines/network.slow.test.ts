import { type Posthaste, posthaste, task } from 'posthaste'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type RedisServer, startRedisServer } from '../../scripts/lib/redis-server.js'
import { check, type Line } from '../campaigns/checker.ts'
import { everyJob } from '../campaigns/drain.ts'
import { machineNow } from '../campaigns/ledger.mjs'
import { Patience } from '../campaigns/patience.ts'
import { campaignMs, campaignSeed, type Random, seeded } from '../campaigns/random.ts'
import { type FaultProxy, startFaultProxy } from '../servers/fault-proxy.ts'
import { FAULTS } from '../servers/faults.ts'
import { dropSchemas, newSchemaUrl } from '../servers/postgres.ts'

/**
 * Every kind of fault between an installation and its server, at three moments: no call may hang, nothing acknowledged
 * may be lost, and within ten seconds after the line is healed the same worker works and the same client adds again.
 */
const HEALED_MS = 10_000
/** What busy cores may add to it. */
const BUSY_MS = 1_500
/** What was acknowledged has ended by then. */
const DRAINED_MS = 30_000
/** How long a fault lasts: longer than the lease, and than the worker waits for one answer. */
const FAULT_MS = 2_500
/** The longest that any call may take (the engines' own deadline), and what a busy machine adds. */
const CALL_MS = 30_000 + 3_000
const SEED = campaignSeed()

const MOMENTS = ['idle', 'asked', 'busy'] as const
type Moment = (typeof MOMENTS)[number]

afterAll(dropSchemas)

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedisServer({ appendonly: 'yes', appendfsync: 'always' })
})
afterAll(() => redis?.stop())

const ENGINES: { readonly [kind: string]: (name: string) => Promise<string> } = {
  redis: async (name) => `${redis.url}?prefix=${name}`,
  postgres: () => newSchemaUrl(),
}

interface Case {
  readonly kind: string
  readonly moment: Moment
  readonly random: Random
  /** Straight to the server. */
  readonly sound: Posthaste
  readonly url: string
  readonly patience: Patience
}

/** The URL by way of the proxy. */
const through = (url: string, proxy: FaultProxy): string => {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(proxy.port)
  return changed.href
}

const until = async (deadlineMs: number, condition: () => boolean): Promise<number> => {
  const from = performance.now()
  while (!condition()) {
    if (performance.now() - from > deadlineMs) return Number.POSITIVE_INFINITY
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return performance.now() - from
}

/** Runs one case, and answers what was wrong with it. */
const suffer = async ({ kind, moment, random, sound, url, patience }: Case): Promise<string[]> => {
  const wrong: string[] = []
  const lines: Line[] = []
  const tell = (line: Omit<Line, 't' | 'actor'>): void =>
    void lines.push({ t: machineNow(), actor: 'here', ...line })
  const queue = `${kind} ${moment}`.replaceAll(' ', '-')
  const done = new Set<string>()
  const work = task({
    name: 'work',
    queue,
    retry: { maxRetries: 50, backoff: 'heritage' },
    run: async ({ ms }: { ms: number }, ctx) => {
      tell({ what: 'start', id: ctx.job.id, fence: ctx.fence })
      try {
        for (let left = ms; left > 0; left -= 20) {
          ctx.signal.throwIfAborted()
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      } finally {
        tell({ what: 'end', id: ctx.job.id, fence: ctx.fence })
      }
      return 'x'.repeat(200)
    },
  })
  const proxy = await startFaultProxy(Number(new URL(url).port), SEED)
  const ph = await posthaste({
    engine: through(url, proxy),
    tasks: [work],
    lease: 1_500,
    heartbeat: 300,
    sweep: 500,
  })
  ph.on('completed', (job) => {
    done.add(job.id)
    tell({ what: 'settled', id: job.id, fence: job.fence, state: 'completed' })
  })

  let longestMs = 0
  const calls = new Set<Promise<unknown>>()
  /** Adds a job, here by way of the proxy, and notes whether it was acknowledged. */
  const add = (by: Posthaste, ms: number): Promise<string | null> => {
    const from = performance.now()
    const call = by.add('work', { ms, padding: 'x'.repeat(500) }, { queue }).then(
      ({ id }) => {
        tell({ what: 'added', id })
        return id
      },
      (error: { code?: string }) => {
        if (!/^E_STORE/.test(error.code ?? '')) wrong.push(`an add failed with ${String(error)}`)
        return null
      },
    )
    const timed = call.finally(() => {
      longestMs = Math.max(longestMs, performance.now() - from)
      calls.delete(timed)
    })
    calls.add(timed)
    return call
  }

  let isOver = false
  let traffic: Promise<unknown> = Promise.resolve()
  try {
    ph.work({ queues: [queue], concurrency: 10 })
    const first = await add(ph, 0)
    if ((await until(HEALED_MS, () => done.has(first ?? ''))) > HEALED_MS)
      return ['nothing worked before the fault']
    if (moment === 'asked') for (let n = 0; n < 10; n++) void add(ph, n % 2 === 0 ? 0 : 400)
    if (moment === 'busy') {
      const client = async (): Promise<void> => {
        while (!isOver) {
          // Less than the worker can bear: what waits for a slot is not late.
          await add(ph, random.next() < 0.2 ? 100 : 0)
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
      }
      traffic = Promise.all([client(), client()])
      await new Promise((resolve) => setTimeout(resolve, random.between(50, 200)))
    }
    await FAULTS[kind]?.(proxy)
    for (let n = 0; n < 3; n++) void add(ph, 0)
    void add(sound, 0)
    await new Promise((resolve) => setTimeout(resolve, FAULT_MS))
    await proxy.heal()

    const healed = performance.now()
    const left = (): number => HEALED_MS + BUSY_MS * (patience.factor - 1) - (performance.now() - healed)
    const added = await add(sound, 0)
    if (!Number.isFinite(await until(left(), () => done.has(added ?? ''))))
      wrong.push('no claim within 10 s after the healing')
    let isAdding = false
    while (!isAdding && left() > 0) {
      const call = add(ph, 0)
      isAdding = (await Promise.race([call, new Promise<null>((r) => setTimeout(r, 500, null))])) !== null
    }
    if (!isAdding) wrong.push('no add within 10 s after the healing')
    isOver = true
    await traffic
    await Promise.all(calls)
    if (longestMs > CALL_MS) wrong.push(`a call took ${Math.round(longestMs)} ms`)

    const known = new Set(lines.flatMap((line) => (line.what === 'added' ? [line.id ?? ''] : [])))
    await until(DRAINED_MS, () => [...known].every((id) => done.has(id)))
  } finally {
    isOver = true
    await ph.close({ grace: 0 })
    await proxy.close()
  }
  const jobs = (await everyJob(sound)).filter((job) => job.queue === queue)
  wrong.push(...check(lines, jobs, { recoveryMs: Number.POSITIVE_INFINITY, poison: new Set() }).violations)
  return wrong
}

const LIMIT = { timeout: 120_000 + 2 * campaignMs() }

describe.each(Object.keys(ENGINES))('%s', (engine) => {
  it.each(MOMENTS)('suffers every fault that begins when it is %s', LIMIT, async (moment) => {
    const url = (await ENGINES[engine]?.(`network-${moment}`)) ?? ''
    const sound = await posthaste({ engine: url, sweep: 500, maintain: true })
    onTestFinished(() => sound.close())
    const patience = new Patience()
    onTestFinished(() => patience.stop())
    const kinds = Object.keys(FAULTS)
    const from = performance.now()
    for (let seed = SEED; seed === SEED || performance.now() - from < campaignMs() / MOMENTS.length; seed++) {
      const outcomes = await Promise.all(
        kinds.map((kind, n) => suffer({ kind, moment, sound, url, patience, random: seeded(seed + n) })),
      )
      const found = Object.fromEntries(kinds.map((kind, n) => [kind, outcomes[n]]))
      expect(found, `seed ${seed}`).toEqual(Object.fromEntries(kinds.map((kind) => [kind, []])))
    }
  })
})
