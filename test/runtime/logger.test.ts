import { type Logger, posthaste, task } from 'posthaste'
import { expect, test } from 'vitest'
import { until } from './open.ts'

interface Line {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly message: string | undefined
}

const memoryLogger = (): { readonly logger: Logger; readonly lines: Line[] } => {
  const lines: Line[] = []
  const at = (level: string) => (fields: object, message?: string) =>
    void lines.push({ level, fields: fields as Record<string, unknown>, message })
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}

test("a job's life is logged with ids, states and durations", async () => {
  const { logger, lines } = memoryLogger()
  const ok = task({ name: 'ok', run: () => null })
  const ph = await posthaste({ engine: 'memory:', tasks: [ok], logger })
  const { id } = await ph.add(ok, null)
  ph.work()
  await ph.waitFor(id)
  await until(() => lines.some(({ message }) => message === 'job completed'))
  await ph.close()
  const messages = lines.map(({ message }) => message)
  expect(messages[0]).toBe('open')
  expect(messages.at(-1)).toBe('closed')
  expect(lines.find(({ message }) => message === 'job added')?.fields).toMatchObject({
    job: id,
    task: 'ok',
    state: 'ready',
  })
  const completed = lines.find(({ message }) => message === 'job completed')
  expect(completed).toMatchObject({ level: 'info', fields: { job: id, state: 'completed', attempt: 1 } })
  expect(completed?.fields['ms']).toBeGreaterThanOrEqual(0)
})

test('secrets do not reach a logger', async () => {
  const { logger, lines } = memoryLogger()
  const ph = await posthaste({ engine: 'memory:', logger })
  ph.logger.warn(
    { password: 'hunter2', nested: { apiKey: 'hunter2' }, url: 'smtp://ada:hunter2@mail.example.com' },
    'x',
  )
  ph.logger.error({ err: new Error('login with password=hunter2 failed') }, 'y')
  await ph.close()
  expect(lines.some(({ message }) => message === 'x') && lines.some(({ message }) => message === 'y')).toBe(
    true,
  )
  expect(JSON.stringify(lines)).not.toContain('hunter2')
})

test('without a logger nothing is said; POSTHASTE_LOG is checked', async () => {
  const ph = await posthaste({ engine: 'memory:' })
  expect(ph.logger.isLevelEnabled?.('error')).toBe(false)
  await ph.close()
  process.env['POSTHASTE_LOG'] = 'loud'
  try {
    await expect(posthaste({ engine: 'memory:' })).rejects.toMatchObject({
      code: 'E_CONFIG',
      field: 'POSTHASTE_LOG',
    })
    process.env['POSTHASTE_LOG'] = 'error'
    const loud = await posthaste({ engine: 'memory:' })
    expect(loud.logger.isLevelEnabled?.('error')).toBe(true)
    expect(loud.logger.isLevelEnabled?.('info')).toBe(false)
    await loud.close()
  } finally {
    delete process.env['POSTHASTE_LOG']
  }
})
