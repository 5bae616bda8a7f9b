import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { task } from '../../src/index.ts'
import { ENGINES } from '../servers/engines.ts'
import { raw } from './raw.ts'
import { served } from './served.ts'

const greet = task({ name: 'greet', payload: z.object({ name: z.string() }), run: () => null })

describe.each(['memory', ...ENGINES] as const)('on %s', (kind) => {
  const at = served(kind, [greet])

  const send = (body: unknown) =>
    raw(`${at.url}/v1/jobs/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const total = async (): Promise<number> => (await at.ph.stats()).total

  describe('POST /v1/jobs/batch', () => {
    it('answers the ids in the order of the jobs', async () => {
      const jobs = Array.from({ length: 1_000 }, (_, i) => ({ task: 'count', payload: i, priority: i % 10 }))
      const { status, body } = await send({ jobs })
      expect(status).toBe(201)
      expect(body.jobs).toHaveLength(1_000)
      for (const index of [0, 1, 500, 999]) {
        expect(body.jobs[index].inserted).toBe(true)
        expect(await at.ph.get(body.jobs[index].id)).toMatchObject({ payload: index, priority: index % 10 })
      }
    })

    it('says which job exists already', async () => {
      const { body } = await send({
        jobs: [{ task: 'a', key: 'one' }, { task: 'b' }, { task: 'c', key: 'one' }],
      })
      expect(body.jobs.map(({ inserted }: { inserted: boolean }) => inserted)).toEqual([true, true, false])
      expect(body.jobs[2].id).toBe(body.jobs[0].id)
    })

    it('may be empty', async () => {
      expect(await send({ jobs: [] })).toMatchObject({ status: 201, body: { jobs: [] } })
    })

    const good = { task: 'greet', payload: { name: 'Ada' } }
    it.each([
      ['an unknown field', { ...good, colour: 1 }, 400, 'E_ARGUMENT', 'jobs[1].colour'],
      ['no task', { payload: 1 }, 400, 'E_ARGUMENT', 'jobs[1].task'],
      ['no object', 7, 400, 'E_ARGUMENT', 'jobs[1]'],
      ['a bad name', { task: 'a b' }, 400, 'E_NAME', 'jobs[1].task'],
      ['a bad delay', { ...good, delay: 'soon' }, 400, 'E_DURATION', 'jobs[1].delay'],
      [
        'a payload that does not fit',
        { task: 'greet', payload: { name: 1 } },
        400,
        'E_PAYLOAD',
        'jobs[1].payload.name',
      ],
    ])('with %s in one job stores none and names it', async (_what, bad, status, code, field) => {
      const before = await total()
      const answer = await send({ jobs: [good, bad, good] })
      expect(answer.body).toMatchObject({ status, code, field })
      expect(answer.body.detail).toContain('jobs[1]')
      expect(answer.text).not.toContain('items[')
      expect(answer.body.detail).not.toContain(answer.body.remedy)
      expect(await total()).toBe(before)
    })

    it('takes no more than 1,000', async () => {
      const before = await total()
      const answer = await send({ jobs: Array.from({ length: 1_001 }, () => ({ task: 'a' })) })
      expect(answer.body).toMatchObject({ status: 413, code: 'E_BATCH_TOO_LARGE', field: 'jobs' })
      expect(await total()).toBe(before)
    })
  })
})
