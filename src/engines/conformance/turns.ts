import assert from 'node:assert/strict'
import type { NewJob } from '../../core/job.ts'
import { type Lab, ties } from './lab.ts'
import type { Subject } from './subject.ts'

/** Groups of a queue take turns. */

const groups = async (lab: Lab, count: number, limit = 100): Promise<string> => {
  const seen: string[] = []
  while (seen.length < count) {
    const jobs = await lab.claim({ limit: Math.min(limit, count - seen.length) })
    if (jobs.length === 0) break
    seen.push(...jobs.map(({ group }) => group ?? '-'))
  }
  return seen.join('')
}
const addAll = async (lab: Lab, names: string, given: Partial<NewJob> = {}) =>
  await lab.addMany(names.length, (i) => ({
    group: names[i] === '-' ? null : (names[i] as string),
    ...given,
  }))

export const turns: Subject = {
  subject: 'Groups take turns',
  cases: {
    'one group with many jobs does not keep the others waiting': async (lab) => {
      await addAll(lab, 'aaaaaabbc')
      assert.equal(await groups(lab, 9), 'abcabaaaa')
    },

    'it is the same however many are claimed at once': async (lab) => {
      await addAll(lab, 'aaaaaabbc')
      assert.equal(await groups(lab, 9, 1), 'abcabaaaa')
    },

    'jobs without a group are one of them': async (lab) => {
      await addAll(lab, '----aabb')
      assert.equal(await groups(lab, 8), '-ab-ab--')
    },

    'within a group, the first come first': async (lab) => {
      const jobs = await addAll(lab, 'aabb')
      const claimed = await lab.claim()
      assert.deepEqual(
        claimed.map(({ id }) => jobs.findIndex((job) => job.id === id)),
        [0, 2, 1, 3],
      )
    },

    'a higher priority goes before every turn': async (lab) => {
      await addAll(lab, 'aab')
      await addAll(lab, 'aaab', { priority: 1 })
      assert.equal(await groups(lab, 7), 'abaabaa')
    },

    'a weight is so many turns for one': async (lab) => {
      const settings = { concurrency: null, rate: null, pausedBy: null, by: 'x', expect: null }
      await lab.engine.setLimits([{ scope: 'group', name: 'default/a', weight: 3, ...settings }])
      await addAll(lab, 'aaaaaabbbbbb')
      const first = await groups(lab, 8)
      assert.equal([...first].filter((one) => one === 'a').length, 6)
    },

    'who had nothing to do has saved nothing up': async (lab) => {
      await addAll(lab, 'aaaaab')
      assert.equal(await groups(lab, 5), 'abaaa')
      await addAll(lab, 'bbbb')
      assert.equal(await groups(lab, 5), 'babbb')
    },

    'a group that was held back has saved nothing up either': async (lab) => {
      const settings = { rate: null, weight: null, by: 'x', expect: null }
      const held = { scope: 'group', name: 'default/a', concurrency: null, ...settings } as const
      await lab.engine.setLimits([{ ...held, pausedBy: 'ada' }])
      await addAll(lab, 'aaaabbbbbb')
      assert.equal(await groups(lab, 3), 'bbb')
      await lab.engine.setLimits([{ ...held, pausedBy: null }])
      // One turn is its own; the other one it gets because its jobs are the older ones.
      assert.equal(await groups(lab, 4), 'aaba')
    },

    'queues do not share turns: the first jobs of each are compared': async (lab) => {
      await addAll(lab, 'aa', { queue: 'x' })
      await addAll(lab, '--', { queue: 'y' })
      await addAll(lab, 'b', { queue: 'x' })
      const claimed = await lab.claim()
      assert.deepEqual(
        claimed.map(({ queue, group }) => `${queue}${group ?? '-'}`),
        ['xa', 'y-', 'y-', 'xb', 'xa'],
      )
    },

    'turns begin with the first group of a queue': async (lab) => {
      await addAll(lab, '-----')
      assert.equal(await groups(lab, 3), '---')
      await addAll(lab, 'a')
      assert.equal(await groups(lab, 3), '-a-')
    },

    'a limit key alone makes no group': async (lab) => {
      const jobs = await lab.addMany(4, (i) => (i % 2 === 0 ? {} : { ties: ties({ limit: `k${i}` }) }))
      assert.deepEqual(
        (await lab.claim()).map(({ id }) => id),
        jobs.map(({ id }) => id),
      )
    },
  },
}
