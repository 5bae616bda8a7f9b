import { describe, expect, it } from 'vitest'
import { CLAIM, completion, newJobs, openClient, openEngine, startServer } from './lab.ts'

/** How often a server carried out a command. */
const callsOf = async (url: string, command: string): Promise<number> => {
  const info = await openClient(url).info('commandstats')
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info)?.[1] ?? 0)
}

/** Adds, runs and reads jobs. */
const useOf = async (url: string): Promise<number> => {
  const engine = await openEngine(url)
  await engine.insert(newJobs(10))
  const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
  const { settled } = await engine.exchange({ worker: 'w', settle: jobs.map(completion) })
  expect(settled).toEqual(jobs.map(() => 'ok'))
  return (await engine.counts()).find(({ state }) => state === 'completed')?.count ?? 0
}

describe('scripts are functions where the server has them', () => {
  it('and all of them are in one library, whoever opens it', async () => {
    const server = await startServer()
    expect(await useOf(server.url)).toBe(10)
    expect(await useOf(server.url)).toBe(20)
    expect(await callsOf(server.url, 'evalsha')).toBe(0)
    expect(await openClient(server.url).call('function', 'list')).toHaveLength(1)
  })

  it('and are given to the server again when somebody flushed them', async () => {
    const server = await startServer()
    const engine = await openEngine(server.url)
    await openClient(server.url).call('function', 'flush')
    await Promise.all([engine.insert(newJobs(3)), engine.counts(), engine.insert(newJobs(2))])
    expect((await engine.counts())[0]?.count).toBe(5)
    expect(await callsOf(server.url, 'evalsha')).toBe(0)
  })

  it('and are sent as scripts to a server that takes no library', async () => {
    const server = await startServer()
    const rights = ['~{posthaste}:*', '&{posthaste}:*', '+@all', '-@admin', '-function']
    await openClient(server.url).acl('SETUSER', 'jobs', 'on', '>secret', ...rights)
    const url = server.url.replace('redis://', 'redis://jobs:secret@')
    expect(await useOf(url)).toBe(10)
    const engine = await openEngine(url)
    const setting = { concurrency: 1, rate: null, weight: 2, pausedBy: null, by: 'x', expect: null }
    await engine.setLimits([{ scope: 'groups', name: 'default', ...setting }])
    await engine.insert([...newJobs(2, { group: 'a' }), ...newJobs(2, { group: 'b' })])
    const { jobs } = await engine.exchange({ worker: 'w', claim: CLAIM })
    expect(jobs.map(({ group }) => group)).toEqual(['a', 'b'])
    expect((await engine.limits())[0]?.running).toBe(2)
    expect(await callsOf(server.url, 'fcall')).toBe(0)
  })
})
