import { describe, expect, it } from 'vitest'
import { task } from '../../src/index.ts'
import { raw } from './raw.ts'
import { served } from './served.ts'

const tasks = [
  task({
    name: 'pack',
    version: 2,
    upgrade: { 1: (item) => [item] },
    run: async (items: string[], ctx) => {
      for (const item of items) await ctx.step(`pack ${item}`, () => ({ packed: item }))
      return items.length
    },
  }),
]

describe('steps, versions and deadlines over HTTP', () => {
  const lab = served('memory', tasks)
  const post = (body: object) =>
    raw(`${lab.url}/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const get = (path: string) => raw(`${lab.url}${path}`)

  it('a job shows its steps, and name and version apart', async () => {
    lab.ph.work()
    const { status, body } = await post({ task: 'pack', payload: 'tea', version: 1, deadline: '1h' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ task: 'pack', version: 1, steps: [], expiresAt: null })
    expect(Date.parse(body.deadlineAt) - Date.parse(body.createdAt)).toBe(3_600_000)
    expect(await lab.ph.waitFor(body.id)).toMatchObject({ state: 'completed', output: 1 })
    const job = (await get(`/v1/jobs/${body.id}`)).body
    expect(job.steps).toMatchObject([{ name: 'pack tea', attempt: 1, output: { packed: 'tea' } }])
    expect(Date.parse(job.steps[0].finishedAt)).toBeGreaterThanOrEqual(Date.parse(job.createdAt))

    await post({ task: 'pack', payload: ['tea', 'milk'] })
    const found = (await get('/v1/jobs?task=pack&view=row')).body.jobs as {
      version: number
      steps?: unknown
    }[]
    expect(found.map(({ version }) => version).sort()).toEqual([1, 2])
    expect(found[0]?.steps).toBeUndefined()
    expect((await get('/v1/jobs?task=pack@1')).body.jobs).toHaveLength(1)
    const { tasks: numbers } = (await get('/v1/stats')).body
    expect(numbers).toMatchObject([{ task: 'pack', total: 2, versions: [1, 2] }])
    expect((await get('/v1/workers')).body.workers).toMatchObject([
      { tasks: ['pack'], versions: { pack: [1, 2] } },
    ])
  })

  it('what is wrong is named', async () => {
    const wrong = await post({ task: 'pack', payload: [], version: 0 })
    expect(wrong).toMatchObject({ status: 400, body: { field: 'version' } })
    const late = await post({ task: 'pack', payload: [], deadline: 'soon' })
    expect(late).toMatchObject({ status: 400, body: { code: 'E_DURATION', field: 'deadline' } })
    const both = await post({ task: 'pack', payload: [], expiresIn: '5m', expiresAt: '2030-01-01T00:00:00Z' })
    expect(both).toMatchObject({ status: 400, body: { field: 'expiresIn' } })
  })
})
