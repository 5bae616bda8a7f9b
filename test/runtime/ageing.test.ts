import { task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { ENGINES, opened, until } from './open.ts'

describe.each(ENGINES)('ageing on %s', (kind) => {
  test('what waits long rises step by step down to the bound, says so, and goes before what came later', async () => {
    const order: string[] = []
    const work = task({ name: 'work', run: (name: string) => void order.push(name) })
    const ph = await opened(kind, {
      ...{ tasks: [work], maintain: true },
      ageing: { every: 100, highest: 4, queues: ['line'] },
    })
    const low = await ph.add(work, 'low', { queue: 'line', priority: 'low' })
    const elsewhere = await ph.add(work, 'elsewhere', { queue: 'other', priority: 'low' })
    await until(async () => (await ph.get(low.id))?.priority === 4)
    expect((await ph.get(elsewhere.id))?.priority).toBe(7)
    const { reasons } = await ph.explain(low.id)
    const aged = reasons.find(({ code }) => code === 'aged')
    expect(aged?.text).toMatch(
      /^Its priority rose \S+( times)? because it waited long: last aged from priority \d to 4, at 20/,
    )
    const { history } = (await ph.get(low.id)) ?? { history: [] }
    expect(history.at(-1)).toMatchObject({
      event: 'reschedule',
      from: 'ready',
      to: 'ready',
      by: 'maintainer',
    })

    await ph.add(work, 'normal', { queue: 'line' })
    await ph.add(work, 'urgent', { queue: 'line', priority: 'critical' })
    ph.work({ concurrency: 1, queues: ['line'] })
    await until(() => order.length === 3)
    expect(order).toEqual(['urgent', 'low', 'normal'])
  })

  test('what is wrong is named', async () => {
    for (const [ageing, field] of [
      ['soon', 'ageing'],
      [10, 'ageing'],
      [{ every: '1m', highest: 11 }, 'ageing.highest'],
      [{ every: '1m', lowest: 1 }, 'ageing.lowest'],
      [{ every: '1m', queues: ['a b'] }, 'ageing.queues[0]'],
    ] as const) {
      await expect(opened(kind, { ageing } as object)).rejects.toMatchObject({ field })
    }
  })
})
