import { expect, it } from 'vitest'
import { ManualClock } from '../../src/testing/index.ts'

it('moves only when it is told to, both of its times by the same', () => {
  const clock = new ManualClock(1_000)
  expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0])
  clock.advance(250)
  expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250])
})

it('fires timers in order, each at its own time, also those that are set on the way', () => {
  const clock = new ManualClock(0)
  const fired: [string, number][] = []
  const set = (name: string, ms: number, then?: () => void) =>
    clock.setTimer(() => {
      fired.push([name, clock.now()])
      then?.()
    }, ms)
  set('late', 30)
  set('early', 10, () => set('on the way', 10))
  set('too late', 31)
  set('also late', 30)
  clock.advance(30)
  expect(fired).toEqual([
    ['early', 10],
    ['on the way', 20],
    ['late', 30],
    ['also late', 30],
  ])
  expect(clock.pending).toBe(1)
})

it('does not fire a timer that was cancelled', () => {
  const clock = new ManualClock()
  let isFired = false
  const timer = clock.setTimer(() => {
    isFired = true
  }, 5)
  timer.cancel()
  timer.cancel()
  clock.advance(10)
  expect([isFired, clock.pending]).toEqual([false, 0])
})

it('can be set like a wall clock, and no timer notices', () => {
  const clock = new ManualClock(1_000)
  const fired: number[] = []
  clock.setTimer(() => fired.push(clock.monotonic()), 10)
  clock.set(0)
  expect([clock.now(), clock.monotonic(), fired]).toEqual([0, 0, []])
  clock.advance(10)
  expect([clock.now(), fired]).toEqual([10, [10]])
})

it('keeps to the millisecond, whatever fractions of one timers fire at', () => {
  const clock = new ManualClock()
  const begin = clock.now()
  for (let i = 1; i <= 1_000; i++) clock.setTimer(() => {}, i * Math.PI)
  clock.advance(3_599_999)
  clock.advance(1)
  expect(clock.now() - begin).toBe(3_600_000)
  clock.setTimer(() => clock.set(begin), 1 / 3)
  clock.advance(1)
  expect(clock.now()).toBe(begin)
})
