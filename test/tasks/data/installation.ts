import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { type DataInput, type DataPackOptions, dataPack } from 'posthaste/tasks/data'
import { onTestFinished } from 'vitest'

/** A whole installation with a worker whose children run the jobs, and a folder of files. */
export const installation = async (options: Omit<DataPackOptions, 'files'> = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-data-'))
  const files = join(folder, 'files')
  await mkdir(files)
  await writeFile(join(files, 'orders.csv'), 'country,amount\nDE,10\nFR,5\nDE,1\n')
  const engine = `sqlite:${join(folder, 'jobs.db')}`
  const ph = await posthaste({ engine, packs: [dataPack({ ...options, files })] })
  const worker = ph.work({ concurrency: 2 })
  onTestFinished(async () => {
    await worker.stop({ grace: 0 })
    await ph.close()
    await rm(folder, { recursive: true, force: true })
  })
  const run = async (payload: DataInput) => {
    const { id } = await ph.add('data', payload)
    return await ph.waitFor(id, { timeout: '30s' })
  }
  return { ph, worker, files, run }
}
