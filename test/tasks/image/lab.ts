import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Job, type Posthaste, posthaste, type Worker } from 'posthaste'
import { type ImageInput, imagePack } from 'posthaste/tasks/image'
import { onTestFinished } from 'vitest'

/** A busy machine is no failure. */
const PATIENCE = '50s'

export interface ImageLab {
  readonly ph: Posthaste
  readonly worker: Worker
  /** The folder of files. */
  readonly files: string
  /** A job from its add to its end. */
  run(payload: ImageInput | object): Promise<Job>
}

/** A whole installation with a worker, and a folder of files; gone after the test. */
export const imageLab = async (allow: readonly string[] = []): Promise<ImageLab> => {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-image-'))
  const files = join(folder, 'files')
  await mkdir(files)
  const ph = await posthaste({
    engine: `sqlite:${join(folder, 'jobs.db')}`,
    packs: [imagePack({ files, allow })],
  })
  const worker = ph.work({ concurrency: 2 })
  onTestFinished(async () => {
    await worker.stop({ grace: 0 })
    await ph.close()
    await rm(folder, { recursive: true, force: true })
  })
  const run = async (payload: ImageInput | object): Promise<Job> => {
    const { id } = await ph.add('image', payload)
    return await ph.waitFor(id, { timeout: PATIENCE })
  }
  return { ph, worker, files, run }
}
