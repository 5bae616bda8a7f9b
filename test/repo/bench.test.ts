import { describe, expect, test } from 'vitest'
import { CASES } from '../../bench/cases/index.js'
import { GOALS } from '../../bench/goals.js'
import { judge, verdictText } from '../../bench/lib/judge.js'
import { ENGINES, isEngine, SYSTEMS } from '../../bench/lib/systems.js'
import type { Row } from '../../bench/lib/types.js'

const row = (name: string, better: 'more' | 'less', figures: Record<string, number>, more = {}): Row => ({
  case: name,
  title: name,
  unit: 'jobs/s',
  better,
  at: '2026-01-01T00:00:00.000Z',
  rounds: 1,
  load: 0,
  size: 1,
  systems: Object.entries(figures).map(([system, value]) => ({
    system,
    durability: '',
    size: 1,
    value,
    all: [value],
    more,
  })),
})

describe('the benchmark', () => {
  test('every case names systems that there are, ours first', () => {
    for (const { name, systems } of CASES) {
      for (const [engine, list] of Object.entries(systems)) {
        expect(isEngine(engine), `${name}: ${engine}`).toBe(true)
        expect(list[0], name).toBe('posthaste')
        expect(Object.keys(isEngine(engine) ? SYSTEMS[engine] : {})).toEqual(
          expect.arrayContaining([...list]),
        )
      }
    }
  })

  test('goals are of cases that run on that engine, and compare with systems and cases that are measured there', () => {
    const cases = new Map(CASES.map((one) => [one.name, one]))
    for (const [name, byEngine] of Object.entries(GOALS)) {
      for (const engine of ENGINES) {
        const systems = cases.get(name)?.systems[engine] ?? []
        for (const { times, timesCase } of byEngine[engine] ?? []) {
          expect(systems, `${name} on ${engine}`).toContain('posthaste')
          if (times !== undefined && times !== 'best peer') expect(systems, name).toContain(times)
          if (timesCase !== undefined) expect(cases.get(timesCase)?.systems[engine], name).toBeDefined()
        }
      }
    }
  })

  test('every case but the base of another has a goal on every engine that runs it', () => {
    const bases = new Set(
      Object.values(GOALS).flatMap((byEngine) =>
        ENGINES.flatMap((engine) => byEngine[engine] ?? []).map(({ timesCase }) => timesCase),
      ),
    )
    for (const { name, systems } of CASES) {
      if (GOALS[name] === undefined) expect(bases, name).toContain(name)
      else expect(Object.keys(GOALS[name]).sort()).toEqual(Object.keys(systems).sort())
    }
  })

  test('a ratio is taken to the peer that is named, or to the best one, never to ourselves', () => {
    const one = row('add-one', 'more', { posthaste: 1_500, 'pg-boss': 400, 'bullmq-postgres': 1_000 })
    expect(judge('postgres', one, [one])).toMatchObject([{ reached: 1.5, met: true }])
    const redis = row('drain-1', 'more', {
      posthaste: 40,
      'posthaste-synced': 1_000,
      bullmq: 10,
      'bee-queue': 10,
    })
    expect(judge('redis', redis, [redis]).map(({ met }) => met)).toEqual([false, true])
  })

  test('a goal may look at another row, a bound at a figure beside the row; what is missing is not met by silence', () => {
    const first = row('drain-1', 'more', { posthaste: 100 })
    const second = row('drain-2', 'more', { posthaste: 109 })
    expect(judge('redis', second, [first, second])).toMatchObject([{ reached: 1.09, met: false }])
    expect(judge('redis', second, [second])).toMatchObject([{ reached: undefined, met: undefined }])
    const pickup = row('pickup', 'less', { posthaste: 1.2 }, { p99Ms: 9 })
    expect(judge('postgres', pickup, []).map(({ met }) => met)).toEqual([true, false])
    expect(judge('redis', second, [second]).map(verdictText)).toEqual(['≥ 1.1 × drain-1: not measured'])
  })
})
