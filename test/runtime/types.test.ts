import { type AnyTask, type Job, type Posthaste, posthaste, snooze, type Task, task } from 'posthaste'
import * as v from 'valibot'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

/** These tests are made by the type checker; at run time they only define things. */

const greet = task({
  name: 'greet',
  payload: z.object({ name: z.string(), times: z.number().default(1) }),
  run: async (payload, ctx) => {
    expectTypeOf(payload).toEqualTypeOf<{ name: string; times: number }>()
    expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>()
    return `Hello, ${payload.name}!`
  },
})
const count = task({
  name: 'count',
  payload: v.object({ upTo: v.number() }),
  run: ({ upTo }) => (upTo > 10 ? snooze('5m') : { counted: upTo }),
})
const free = task({ name: 'free', run: (payload) => payload.anything })
const annotated = task({ name: 'annotated', run: (payload: { id: number }) => payload.id })

const open = async () => posthaste({ engine: 'memory:', tasks: [greet, count, free, annotated] })
declare const ph: Awaited<ReturnType<typeof open>>

describe('types', () => {
  test('a task has the types of its schema and its handler', () => {
    expectTypeOf(greet).toEqualTypeOf<
      Task<{ name: string; times: number }, string, { name: string; times?: number | undefined }, 'greet'>
    >()
    expectTypeOf(count).toEqualTypeOf<
      Task<{ upTo: number }, { counted: number }, { upTo: number }, 'count'>
    >()
    expectTypeOf(annotated).toEqualTypeOf<Task<{ id: number }, number, { id: number }, 'annotated'>>()
    expectTypeOf(greet).toExtend<AnyTask>()
  })

  test('an add takes what the schema takes, by task or by name', () => {
    const calls = () => {
      void ph.add(greet, { name: 'Ada' })
      void ph.add(greet, { name: 'Ada', times: 2 }, { delay: '5m', key: 'ada' })
      void ph.add('greet', { name: 'Ada' })
      void ph.add('count', { upTo: 3 })
      void ph.add('free', 12)
      void ph.add(annotated, { id: 1 })
      // A name that this program does not know takes anything.
      void ph.add('elsewhere', { whatever: true })
      // @ts-expect-error a name is a string
      void ph.add(greet, { name: 1 })
      // @ts-expect-error the name is missing
      void ph.add('greet', {})
      // @ts-expect-error the number is missing
      void ph.add('count', { upTo: 'three' })
      // @ts-expect-error by the handler's annotation
      void ph.add('annotated', { id: 'one' })
      // @ts-expect-error a misspelt option
      void ph.add(greet, { name: 'Ada' }, { dely: '5m' })
    }
    expectTypeOf(calls).toBeFunction()
  })

  test('addMany checks each payload against its own task', () => {
    const calls = () => {
      void ph.addMany([
        { task: greet, payload: { name: 'Ada' } },
        { task: 'count', payload: { upTo: 1 }, delay: '5m' },
        { task: 'elsewhere', payload: [] },
      ])
      void ph.addMany(Array.from({ length: 3 }, () => ({ task: greet, payload: { name: 'Ada' } })))
      // @ts-expect-error the payload of greet is no payload of count
      void ph.addMany([{ task: 'count', payload: { name: 'Ada' } }])
      // @ts-expect-error a name is a string
      void ph.addMany([{ task: greet, payload: { name: 1 } }])
    }
    expectTypeOf(calls).toBeFunction()
  })

  test('the answer of an add knows payload and output', () => {
    const add = () => ph.add('count', { upTo: 3 })
    type Added = Awaited<ReturnType<typeof add>>
    expectTypeOf<Added['output']>().toEqualTypeOf<{ counted: number } | null>()
    expectTypeOf<Added['payload']>().toEqualTypeOf<{ upTo: number }>()
    expectTypeOf<Added>().toExtend<Job>()
  })

  test('an installation with known tasks is an installation', () => {
    expectTypeOf<typeof ph>().toExtend<Posthaste>()
  })
})
