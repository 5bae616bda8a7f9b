import { type Posthaste, task } from 'posthaste'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'
import { faultyEngine } from '../../src/testing/index.ts'
import { ENGINES, opened } from './open.ts'

const sms = task({ name: 'sms', run: () => 'sent' })
const tasks = [sms]

const newest = async (ph: Posthaste, options = {}) => (await ph.audit(options)).entries

describe.each(ENGINES)('the audit on %s', (kind) => {
  test('says who did what to which job, and what became of it', async () => {
    const ph = await opened(kind, { tasks })
    const { id } = await ph.add('sms', null, { delay: '1h' })
    await ph.cancel(id, { by: 'ada', reason: 'not needed' })
    await expect(ph.runNow(id, { by: 'bob' })).rejects.toMatchObject({ code: 'E_STATE' })
    await ph.retry([id, '01890a5d-ac96-774b-bcce-b302099a8057'])
    expect(await newest(ph)).toMatchObject([
      {
        ...{ action: 'retry', by: 'library', count: 2, ok: false, refused: 1 },
        error: { code: 'E_JOB_MISSING' },
      },
      { action: 'runNow', by: 'bob', jobs: [id], ok: false, refused: 1, error: { code: 'E_STATE' } },
      { action: 'cancel', by: 'ada', jobs: [id], ok: true, refused: 0, details: { reason: 'not needed' } },
    ])
    const [entry] = await newest(ph, { by: 'ada' })
    expect(entry?.at.getTime()).toBeGreaterThan(Date.now() - 60_000)
    expect(await newest(ph, { job: id, action: 'runNow' })).toHaveLength(1)
  })

  test('knows queues and schedules, and what is no valid question is not in it', async () => {
    const ph = await opened(kind, { tasks })
    await ph.pause('mail', { by: 'ada' })
    await ph.resume(['mail', 'sms'], { by: 'ada' })
    await ph.schedules.create('nightly', { cron: '0 3 * * *', task: 'sms', payload: null }, { by: 'bob' })
    await ph.schedules.pause('nightly', { by: 'bob' })
    await ph.schedules.remove('nightly', { by: 'bob' })
    await expect(ph.cancel('no id', { by: 'eve' })).rejects.toMatchObject({ code: 'E_ARGUMENT' })
    await expect(ph.schedules.run('none', { by: 'eve' })).rejects.toMatchObject({
      code: 'E_SCHEDULE_MISSING',
    })
    expect((await newest(ph)).map(({ action, by, ok }) => [action, by, ok])).toEqual([
      ['schedule.run', 'eve', false],
      ['schedule.remove', 'bob', true],
      ['schedule.pause', 'bob', true],
      ['schedule.create', 'bob', true],
      ['resume', 'ada', true],
      ['pause', 'ada', true],
    ])
    expect(await newest(ph, { queue: 'sms' })).toMatchObject([{ action: 'resume', queues: ['mail', 'sms'] }])
    expect(await newest(ph, { schedule: 'nightly', action: 'schedule' })).toHaveLength(3)
    expect(await newest(ph, { since: new Date(Date.now() + 60_000) })).toEqual([])
  })

  test('knows limits, and what else is stopped than queues', async () => {
    const ph = await opened(kind, { tasks })
    await ph.limits.set({ task: 'sms' }, { concurrency: 2 }, { by: 'ada' })
    await ph.pause(['mail', { task: 'sms' }], { by: 'ada' })
    await ph.limits.remove({ task: 'sms' }, { by: 'bob' })
    expect(await newest(ph)).toMatchObject([
      { action: 'limit.remove', by: 'bob', details: { target: { task: 'sms' } } },
      { action: 'pause', queues: ['mail'], details: { targets: [{ task: 'sms' }] } },
      { action: 'limit.set', details: { target: { task: 'sms' }, bounds: { concurrency: 2 } } },
    ])
  })

  test('is read page by page', async () => {
    const ph = await opened(kind, { tasks })
    for (let n = 0; n < 7; n++) await ph.pause(`q${n}`)
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await ph.audit({ limit: 3, cursor })
      seen.push(...page.entries.flatMap(({ queues }) => queues))
      cursor = page.cursor
    } while (cursor !== null)
    expect(seen).toEqual(['q6', 'q5', 'q4', 'q3', 'q2', 'q1', 'q0'])
    await expect(ph.audit({ cursor: 'x' })).rejects.toMatchObject({ code: 'E_CURSOR' })
    await expect(ph.audit({ limit: 0 })).rejects.toMatchObject({ code: 'E_ARGUMENT' })
  })
})

test('what was done is done, also when it cannot be written down', async () => {
  const engine = faultyEngine(createMemoryEngine({ clock: systemClock }))
  const ph = await opened('memory', { tasks, engine })
  const { id } = await ph.add('sms', null, { delay: '1h' })
  engine.inject({ method: 'putRecords' })
  expect((await ph.cancel(id)).state).toBe('cancelled')
  await ph.retry(id)
  expect(await newest(ph)).toMatchObject([{ action: 'retry' }])
})
