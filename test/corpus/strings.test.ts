import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste, task } from 'posthaste'
import { describe, expect, onTestFinished, test } from 'vitest'
import { imageSchema } from '../../src/tasks/image/payload.ts'
import { corpusText, score } from './corpus.ts'

const naughty = JSON.parse(corpusText('strings', 'blns.json')) as string[]
const scripts = corpusText('strings', 'xss.txt').split(/\r?\n/)
const strings = [...new Set([...naughty, ...scripts])]

describe('naughty strings', () => {
  test('as payload, tag, reference, output and error come back as they were', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'posthaste-strings-'))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    const parrot = task({
      name: 'parrot',
      retry: { maxRetries: 0 },
      run: (payload: { text: string; fails: boolean }) => {
        if (payload.fails) throw new Error(payload.text)
        return payload.text
      },
    })
    const ph = await posthaste({ engine: `sqlite:${join(dir, 'jobs.db')}`, tasks: [parrot] })
    onTestFinished(() => ph.close())
    const added = await ph.addMany(
      strings.flatMap((text) =>
        [false, true].map((fails) => ({
          task: parrot,
          payload: { text, fails },
          metadata: { text },
        })),
      ),
    )
    ph.work({ concurrency: 50 })
    let good = 0
    for (const [i, { id }] of added.entries()) {
      const job = await ph.waitFor(id, { timeout: '60s' })
      const text = strings[Math.floor(i / 2)] as string
      expect(job.payload).toEqual({ text, fails: i % 2 === 1 })
      expect(job.metadata).toEqual({ text })
      if (i % 2 === 0) expect(job.output).toBe(text)
      else expect(job.state).toBe('dead')
      good += 1
    }
    score('naughty strings unharmed', good, strings.length * 2)
  })

  test('as names of files lead nowhere', async () => {
    const { fileRoot } = await import('posthaste')
    const dir = await mkdtemp(join(tmpdir(), 'posthaste-strings-'))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    await writeFile(join(dir, 'outside'), 'outside')
    const root = fileRoot(join(dir, 'root'))
    for (const text of strings) {
      await expect(root.find(text, 'file')).rejects.toMatchObject({ code: 'E_FILE' })
      // Whatever is accepted as a source is a file or an address, never anything else.
      const { data } = imageSchema.safeParse({ source: text })
      if (data !== undefined) expect(['file', 'url']).toContain(Object.keys(data.source)[0])
    }
  })
})
