import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine, Hint } from '../../../src/engines/engine.ts'
import { createPostgresEngine } from '../../../src/engines/postgres/index.ts'
import { dropSchemas, newSchemaUrl, onPostgres, postgresUrl } from '../../servers/postgres.ts'
import { CLAIM, completion, countsOf, newJob, newJobs, schemaOf, until } from './lab.ts'

/** Engines with pools of their own, as processes have them. */
const engines: Engine[] = []
let schema: string
beforeAll(async () => {
  const url = await newSchemaUrl()
  schema = schemaOf(url)
  for (let n = 0; n < 4; n++) engines.push(createPostgresEngine({ url }))
  for (const engine of engines) await engine.open()
})
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
  await dropSchemas()
})

const [one, two] = [() => engines[0] as Engine, () => engines[1] as Engine]

describe('several processes on one schema', () => {
  it('share out the jobs: each is claimed and completed once, and the counts stay exact', async () => {
    const jobs = newJobs(2_000)
    await Promise.all([one().insert(jobs.slice(0, 1_000)), two().insert(jobs.slice(1_000))])
    const done: string[] = []
    const work = async (engine: Engine, worker: string): Promise<void> => {
      for (let settle: ReturnType<typeof completion>[] = []; ; ) {
        const answer = await engine.exchange({ worker, settle, claim: { ...CLAIM, limit: 30 } })
        expect(answer.settled.every((verdict) => verdict === 'ok')).toBe(true)
        done.push(...settle.map(({ id }) => id))
        if (answer.jobs.length === 0) return
        settle = answer.jobs.map(completion)
      }
    }
    const watch = async (): Promise<void> => {
      while (done.length < jobs.length) {
        const total = Object.values(await countsOf(one())).reduce((a, b) => a + b, 0)
        expect(total).toBe(jobs.length)
        await one().promote({ limit: 10 })
      }
    }
    const working = Promise.all(engines.map((engine, n) => work(engine, `w${n}`)))
    await Promise.all([working, watch()])
    expect(done.sort()).toEqual(jobs.map(({ id }) => id).sort())
    expect(await countsOf(one())).toEqual({ completed: 2_000 })
  })

  it('let one of many have a key, wherever they add', async () => {
    for (let round = 0; round < 5; round++) {
      const jobs = engines.map(() => newJob({ key: `round ${round}` }))
      const answers = await Promise.all(engines.map((engine, n) => engine.insert([jobs[n] as never])))
      const verdicts = answers.flatMap((answer) => answer.verdicts)
      const winners = verdicts.filter(({ status }) => status === 'inserted')
      expect(winners).toHaveLength(1)
      expect(verdicts.every(({ id }) => id === winners[0]?.id)).toBe(true)
    }
  })

  it('let one of many change a document, and one of many conditions hold', async () => {
    const write = { collection: 'things', key: 'leader', value: '1', expect: 0, ttlMs: null }
    const verdicts = await Promise.all(engines.map((engine) => engine.putRecords([write])))
    expect(verdicts.flat().filter(({ status }) => status === 'ok')).toHaveLength(1)
    const tick = { ...write, key: 'tick' }
    const answers = await Promise.all(engines.map((engine) => engine.insert([newJob()], { records: [tick] })))
    expect(answers.filter(({ recordsOk }) => recordsOk)).toHaveLength(1)
  })

  it('hear of each other', async () => {
    const heard: Hint[] = []
    const listening = await two().listen((hint) => heard.push(hint))
    await one().insert([newJob({ queue: 'told' })])
    await until(() => heard.includes('ready') && heard.includes('changed'))
    await listening.close()
  })

  it('learn of queues and tasks that others made', async () => {
    const job = newJob({ queue: 'new here', task: 'new too' })
    await one().insert([job])
    const { jobs } = await two().exchange({ worker: 'w', claim: { ...CLAIM, queues: ['new here'] } })
    expect(jobs[0]).toMatchObject({ id: job.id, queue: 'new here', task: 'new too' })
    expect((await two().queues()).map(({ queue }) => queue)).toContain('new here')
  })
})

describe('two exchanges of one worker', () => {
  const claim = { ...CLAIM, queues: ['twice'], limit: 100 }

  it('are under way at once: one that has to wait does not hold up the other', async () => {
    await one().insert(newJobs(2, { queue: 'twice' }))
    const { jobs } = await one().exchange({ worker: 'both', claim })
    const rival = new pg.Client({ connectionString: await postgresUrl() })
    await rival.connect()
    await rival.query(`begin; select 1 from ${schema}.running where id = '${jobs[0]?.id}' for update`)
    const [late, quick] = jobs.map(completion)
    let isLateOver = false
    const waiting = one()
      .exchange({ worker: 'both', settle: [late as never], claim })
      .finally(() => {
        isLateOver = true
      })
    const answer = await one().exchange({ worker: 'both', settle: [quick as never] })
    expect(answer.settled).toEqual(['ok'])
    expect(isLateOver).toBe(false)
    await rival.query('rollback')
    expect((await waiting).settled).toEqual(['ok'])
    await rival.end()
  })

  it('settle beside a claim, and wait for each other only to claim', async () => {
    await one().insert(newJobs(1, { queue: 'twice' }))
    const { jobs } = await one().exchange({ worker: 'both', claim })
    const rival = new pg.Client({ connectionString: await postgresUrl() })
    await rival.connect()
    await rival.query(`begin; lock table ${schema}.ready in share row exclusive mode`)
    const first = one().exchange({ worker: 'both', claim })
    const second = one().exchange({ worker: 'both', settle: jobs.map(completion), claim })
    // The first one waits for the rival, and the second one, which has settled, for its turn.
    await until(async () => {
      const rows = await onPostgres(`select locktype from pg_locks
        where not granted and (relation = '${schema}.ready'::regclass or locktype = 'advisory') order by locktype`)
      return rows.flat().join() === 'advisory,relation'
    })
    await rival.query('rollback')
    expect((await Promise.all([first, second])).map(({ settled }) => settled)).toEqual([[], ['ok']])
    await rival.end()
  })

  it('claim each its own jobs, the first ones first, and settle them beside each other', async () => {
    const jobs = newJobs(1_000, { queue: 'twice' })
    await one().insert(jobs)
    const claims: string[][] = []
    const stream = async (): Promise<void> => {
      for (let settle: ReturnType<typeof completion>[] = []; ; ) {
        const answer = await one().exchange({ worker: 'both', settle, claim })
        expect(answer.settled.every((verdict) => verdict === 'ok')).toBe(true)
        if (answer.jobs.length === 0) return
        claims.push(answer.jobs.map(({ id }) => id))
        settle = answer.jobs.map(completion)
      }
    }
    await Promise.all([stream(), stream()])
    const order = jobs.map(({ id }) => id).sort()
    expect(claims.flat().sort()).toEqual(order)
    // Neither had to pass over what the other had in hand: each claim is the next hundred.
    expect(claims.map((ids) => order.indexOf(ids[0] ?? '')).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, n) => 100 * n),
    )
  })
})

it('counts are added up by whoever promotes, and a hot table is cleaned', async () => {
  await until(async () => {
    await one().promote({ limit: 1 })
    const rows = await onPostgres(`select count(*) from ${schema}.moves`)
    return Number(rows[0]?.[0]) === 0
  })
  expect(Object.values(await countsOf(one())).every((count) => count > 0)).toBe(true)
})
