import * as nodeTest from 'node:test'
import { type CreateEngine, conformance, conformanceCases, type Runner } from 'posthaste/conformance'
import { describe, expect, it } from 'vitest'
import { createMemoryEngine } from '../../src/engines/memory/index.ts'

// What these runners offer fits without an adapter; the type checker says so.
const runners: readonly Runner[] = [nodeTest, { describe, it }]

/** A runner of six lines, as a program without a framework might have one. */
const collect = () => {
  const bodies = new Map<string, () => Promise<void>>()
  let subject = ''
  const runner: Runner = {
    describe(name, body) {
      subject = name
      body()
    },
    it: (name, body) => void bodies.set(`${subject}: ${name}`, body),
  }
  return { bodies, runner }
}

const create: CreateEngine = async ({ clock }) => {
  const engine = createMemoryEngine({ clock })
  await engine.open()
  return engine
}

it('the suite registers every case, each under a sentence of its own', async () => {
  expect(runners.length).toBe(2)
  const { bodies, runner } = collect()
  conformance(create, runner)
  expect(bodies.size).toBe(conformanceCases().length)
  expect(bodies.size).toBeGreaterThan(500)
  await bodies.get('Adding jobs: the store stamps jobs with its own now, and answers it')?.()
})

it('an engine whose hints do not arrive can leave out the cases about them', () => {
  const subjects = new Set(conformanceCases({ hints: false }).map(({ subject }) => subject))
  expect(subjects).not.toContain('Hints')
  expect(subjects).toContain('Claiming')
})

it('a case closes the engine that it was given, also when it is red', async () => {
  const [first] = conformanceCases()
  const engine = createMemoryEngine()
  await engine.open()
  const broken = Object.assign(Object.create(engine), { counts: async () => [{ queue: 'q' }] })
  await expect(first?.run(async () => broken)).rejects.toThrow()
  await expect(engine.now()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' })
})
