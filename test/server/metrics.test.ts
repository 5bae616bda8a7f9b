import { wrapEngine } from 'posthaste/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { openEngine } from '../../src/engines/open.ts'
import { type Pack, type Posthaste, type PosthasteOptions, posthaste, snooze, task } from '../../src/index.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { renderMetrics } from '../../src/server/http/prometheus.ts'
import { SERIES_MAX } from '../../src/server/http/routes-metrics.ts'
import { createServer } from '../../src/server/index.ts'
import { raw } from './raw.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const begin = async (options: PosthasteOptions = {}): Promise<{ ph: Posthaste; url: string }> => {
  const ph = await posthaste({ engine: 'memory:', ...options })
  closing.push(() => ph.close({ grace: 0 }))
  const packs: Pack[] = []
  const server = createServer({ posthaste: ph, packs, logger: silentLogger, token: null })
  closing.push(() => server.stop())
  return { ph, url: await server.start({ host: '127.0.0.1', port: 0 }) }
}

/** Series → value. Fails on a line that Prometheus could not read. */
const scrape = async (url: string): Promise<Map<string, number>> => {
  const { status, headers, text } = await raw(`${url}/metrics`)
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(text.endsWith('\n')).toBe(true)
  const types = new Set(
    [...text.matchAll(/^# TYPE (\S+) (gauge|counter|histogram)$/gm)].map(([, name]) => name),
  )
  const series = new Map<string, number>()
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('# ')) continue
    const [, name = '', labels = '', value] =
      /^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+\})? (\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line) ?? []
    expect([line, value]).toEqual([line, expect.any(String)])
    expect(types).toContain(name.replace(/_(bucket|sum|count)$/, '').replace(/^$/, name))
    expect(series.has(name + labels)).toBe(false)
    series.set(name + labels, Number(value))
  }
  return series
}

describe('GET /metrics', () => {
  it('counts the jobs of the store by queue, task and state', async () => {
    const { ph, url } = await begin()
    await ph.addMany([
      { task: 'a', payload: 1 },
      { task: 'a', payload: 2, queue: 'mail' },
      { task: 'b', payload: 3, delay: '1h' },
    ])
    await ph.pause('mail')
    const series = await scrape(url)
    expect(series.get('posthaste_jobs{queue="default",task="a",state="ready"}')).toBe(1)
    expect(series.get('posthaste_jobs{queue="mail",task="a",state="ready"}')).toBe(1)
    expect(series.get('posthaste_jobs{queue="default",task="b",state="scheduled"}')).toBe(1)
    expect(series.get('posthaste_queue_paused{queue="mail"}')).toBe(1)
    expect(series.get('posthaste_queue_paused{queue="default"}')).toBe(0)
    expect(series.get('posthaste_queue_oldest_ready_age_seconds{queue="default"}')).toBeGreaterThanOrEqual(0)
    expect(series.get('posthaste_workers')).toBe(0)
    expect(series.get('process_start_time_seconds')).toBeLessThanOrEqual(Date.now() / 1_000)
  })

  it('tells how long jobs have waited', async () => {
    const { ManualClock } = await import('posthaste/testing')
    const clock = new ManualClock()
    const { ph, url } = await begin({ clock })
    await ph.add('a', null)
    clock.advance(90_000)
    expect((await scrape(url)).get('posthaste_queue_oldest_ready_age_seconds{queue="default"}')).toBe(90)
  })

  it('counts the runs of this process by how they ended, and how long they took', async () => {
    const tasks = [
      task({ name: 'fine', run: () => null }),
      task({
        name: 'bad',
        retry: { maxRetries: 1, backoff: { base: 1, jitter: 0 } },
        run: () => {
          throw new Error('no')
        },
      }),
      task({ name: 'sleepy', run: (_, { job }) => (job.tags[0] === 'slept' ? null : snooze('1h')) }),
    ]
    const { ph, url } = await begin({ tasks })
    ph.work()
    for (let i = 0; i < 3; i++) await ph.waitFor((await ph.add('fine', null)).id)
    await ph.waitFor((await ph.add('bad', null)).id)
    const snoozed = new Promise((resolve) => ph.on('snoozed', resolve))
    const { id } = await ph.add('sleepy', null)
    await snoozed
    // Someone stops a job that waits: that is no run.
    await ph.cancel(id)
    const series = await scrape(url)
    expect(series.get('posthaste_runs_total{task="fine",outcome="completed"}')).toBe(3)
    expect(series.get('posthaste_runs_total{task="bad",outcome="failed"}')).toBe(1)
    expect(series.get('posthaste_runs_total{task="bad",outcome="dead"}')).toBe(1)
    expect(series.get('posthaste_runs_total{task="sleepy",outcome="snoozed"}')).toBe(1)
    expect(series.has('posthaste_runs_total{task="sleepy",outcome="cancelled"}')).toBe(false)
    expect(series.get('posthaste_run_duration_seconds_count{task="fine"}')).toBe(3)
    expect(series.get('posthaste_run_duration_seconds_bucket{task="fine",le="+Inf"}')).toBe(3)
    const buckets = [...series].filter(([name]) =>
      name.startsWith('posthaste_run_duration_seconds_bucket{task="fine"'),
    )
    expect(buckets.map(([, value]) => value)).toEqual(buckets.map(([, value]) => value).sort((a, b) => a - b))
    expect(series.get('posthaste_lease_expiries_total')).toBe(0)
  })

  it('counts leases that ran out', async () => {
    const { ph, url } = await begin({ maintain: true, sweep: 20 })
    const { id } = await ph.add('lost', null)
    // A worker that claims and is never heard of again.
    const claim = { limit: 1, queues: null, tasks: null, order: 'merged', leaseMs: 100 } as const
    await ph.engine.exchange({ worker: 'gone', claim })
    const deadline = Date.now() + 10_000
    while ((await scrape(url)).get('posthaste_lease_expiries_total') === 0) {
      if (Date.now() > deadline) throw new Error('The lease did not run out.')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await ph.get(id)).toMatchObject({ state: 'ready' })
  })

  it('adds up what is beyond its bound', async () => {
    const { ph, url } = await begin()
    const extra = 5
    const jobs = Array.from({ length: SERIES_MAX + extra }, (_, i) => ({
      task: `t${i}`,
      payload: null,
      queue: `q${i}`,
    }))
    await ph.addMany(jobs)
    const series = await scrape(url)
    const jobSeries = [...series].filter(([name]) => name.startsWith('posthaste_jobs{'))
    expect(jobSeries).toHaveLength(SERIES_MAX + 1)
    expect(series.get('posthaste_jobs{queue="_other",task="_other",state="ready"}')).toBe(extra)
    expect(jobSeries.reduce((sum, [, value]) => sum + value, 0)).toBe(SERIES_MAX + extra)
  })

  it('escapes what labels may not hold', () => {
    const samples = [{ labels: { task: 'a"b\\c\nd' }, value: 1 }]
    expect(renderMetrics([{ name: 'x', help: 'h\nh', type: 'gauge', samples }])).toBe(
      '# HELP x h\\nh\n# TYPE x gauge\nx{task="a\\"b\\\\c\\nd"} 1\n',
    )
  })
})

describe('GET /healthz', () => {
  it('is red when a worker here has not heard from the store for long, though the store answers', async () => {
    let isDeaf = false
    const engine = wrapEngine(await openEngine('memory:'), (_method, carryOut) => carryOut())
    // The worker's calls hang; the probe's do not.
    const deaf: typeof engine = {
      ...engine,
      exchange: (request) =>
        isDeaf && request.worker !== 'posthaste:health' ? new Promise(() => {}) : engine.exchange(request),
    }
    const { ManualClock } = await import('posthaste/testing')
    const clock = new ManualClock()
    const { ph, url } = await begin({ engine: deaf, clock, tasks: [task({ name: 'a', run: () => null })] })
    const worker = ph.work()
    const heard = () => worker.mode === 'running'
    const deadline = Date.now() + 10_000
    while (!heard()) {
      if (Date.now() > deadline) throw new Error('The worker does not begin.')
      clock.advance(10)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const well = await raw(`${url}/healthz`)
    expect(well.body).toMatchObject({ status: 'ok', workers: { count: 1 } })
    isDeaf = true
    clock.advance(16_000)
    for (const path of ['/healthz', '/readyz']) {
      expect(await raw(url + path)).toMatchObject({
        status: 504,
        body: { code: 'E_STORE_TIMEOUT', detail: expect.stringMatching(/A worker of this process/) },
      })
    }
    isDeaf = false
    // The end has deadlines, too, on the same clock.
    let isClosed = false
    void ph.close({ grace: 0 }).then(() => {
      isClosed = true
    })
    while (!isClosed) {
      clock.advance(100)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
})
