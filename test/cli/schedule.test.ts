import { expect, it } from 'vitest'
import { folder } from './place.ts'
import { json, run } from './program.ts'

const place = folder()

it('schedules are added, shown, paused, run and removed', async () => {
  const plan = [
    '--cron',
    '30 2 * * *',
    '--time-zone',
    'Europe/Berlin',
    '--payload',
    '{"a":1}',
    '--queue',
    'slow',
  ]
  const added = await run(['schedule', 'add', 'nightly', ...plan], place.with({}))
  expect(added.stdout).toMatch(/^nightly {2}30 2 \* \* \* Europe\/Berlin {2}echo\n/)
  // As the clocks of its zone show it.
  expect(added.stdout.match(/^ +(next)? +in \d.* \d{4}-\d\d-\d\d 0[23]:[03]0:00 \+0[12]:00$/gm)).toHaveLength(
    5,
  )
  expect(added.stdout).toMatch(/ticks +0 fired, 0 skipped, 0 missed/)
  expect(added.stdout).toMatch(/queue +slow/)

  const twice = await run(['schedule', 'add', 'nightly', ...plan], place.with({}))
  expect(twice).toMatchObject({ code: 1 })
  expect(twice.stderr).toContain('There is a schedule nightly already.')
  const wrong = await run(['schedule', 'add', 'x', '--cron', '0 0 30 2 *'], place.with({}))
  expect(wrong.stderr).toContain('cron is "0 0 30 2 *": it never fires.')
  const neither = await run(['schedule', 'add', 'x'], place.with({}))
  expect(neither).toMatchObject({ code: 2 })

  await run(['schedule', 'pause', 'nightly'], place.with({}))
  const list = await run(['schedule', 'list'], place.with({}))
  expect(list.stdout).toMatch(/^NAME +WHEN +TASK +NEXT/)
  expect(list.stdout).toMatch(/nightly +30 2 \* \* \* Europe\/Berlin +echo +paused/)
  const job = await json(['schedule', 'run', 'nightly'], place.with({}))
  expect(job).toMatchObject({ queue: 'slow', schedule: { name: 'nightly', at: null } })
  const explained = await run(['explain', job.id], place.with({}))
  expect(explained.stdout).toContain('It was run by hand from schedule nightly.')
  expect(await json(['schedule', 'resume', 'nightly'], place.with({}))).toMatchObject({ paused: null })

  await run(['schedule', 'remove', 'nightly'], place.with({}))
  const gone = await run(['schedule', 'show', 'nightly'], place.with({}))
  expect(gone).toMatchObject({ code: 1 })
  expect(gone.stderr).toContain('There is no schedule nightly.')
})
