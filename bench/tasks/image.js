// The image task, by a worker with its children, beside bare sharp in one process: the same pictures, the same operations,
// as many at the same time.
import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { posthaste } from 'posthaste'
import { imagePack } from 'posthaste/tasks/image'
import sharp from 'sharp'
import { secondsSince } from '../lib/work.js'

const TIMEOUT = '10m'
/** What Linux counts processor time in, on every machine that Node.js runs on. */
const TICKS_A_SECOND = 100
const CORES = availableParallelism()

/** Different pictures; jobs take them in turn. */
const PICTURES = 6
/** As a telephone takes them: 12 megapixels. */
const [WIDTH, HEIGHT] = [4_032, 3_024]

/** The grain of a sensor, and coarser texture such as leaves have, so that the pictures compress like photographs. */
const makeGrain = () =>
  Promise.all(
    [1, 6].map(async (scale) => {
      const noise = { type: /** @type {const} */ ('gaussian'), mean: 128, sigma: 30 }
      const [width, height] = [WIDTH / scale, HEIGHT / scale]
      const small = sharp({ create: { width, height, channels: 3, background: '#808080', noise } })
      const { data, info } = await small
        .resize(WIDTH, HEIGHT, { kernel: 'cubic' })
        .raw()
        .toBuffer({ resolveWithObject: true })
      return { input: data, raw: info }
    }),
  )

/**
 * A sky, a hill and a few bright edges under the grain. Every other one lies on its side, as its EXIF says.
 *
 * @param {number} n @param {Awaited<ReturnType<typeof makeGrain>>} grain
 */
const paint = (n, grain) => {
  const scene = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="hsl(${200 + n * 9},70%,40%)"/><stop offset="1" stop-color="#fdd"/></linearGradient>
<radialGradient id="sun"><stop stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs>
<rect width="100%" height="100%" fill="url(#sky)"/><circle cx="${600 + n * 450}" cy="700" r="600" fill="url(#sun)"/>
<path d="M0 2100 Q1200 ${1_300 + n * 60} 2300 2000 T4032 1700 V3024 H0Z" fill="hsl(${90 + n * 12},40%,30%)"/>
${Array.from({ length: 60 }, (_, i) => `<rect x="${(i * 541 + n * 97) % 3_900}" y="${2_050 + ((i * 313) % 800)}" width="${20 + (i % 7) * 14}" height="${40 + (i % 5) * 22}" fill="hsl(${i * 47},60%,55%)"/>`).join('')}
</svg>`)
  return sharp(scene)
    .composite(grain.map((one) => ({ ...one, blend: 'soft-light' })))
    .flatten()
    .withMetadata({ orientation: n % 2 === 0 ? 1 : 6 })
    .jpeg({ quality: 90 })
}

/** @param {number} n */
const nameOf = (n) => `${n % PICTURES}.jpg`

/**
 * Three sizes. Each picture asks for slightly other ones: results are kept by their hash, and one that is there already
 * would be no work.
 *
 * @param {number} n
 */
const outputsOf = (n) => [
  { name: 'large', width: 1_600 - (n % 300), format: /** @type {const} */ ('webp'), quality: 80 },
  { name: 'medium', width: 1_000 - (n % 300), format: /** @type {const} */ ('jpeg'), quality: 80 },
  { name: 'small', width: 500 - (n % 300), format: /** @type {const} */ ('jpeg'), quality: 80 },
]

/** Processor time of this process, its children and those that have ended, s; nothing where the system does not tell. */
const cpuSeconds = () => {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')
    const ticks = ['self', ...children.filter((pid) => pid !== '')].flatMap((pid) =>
      // utime, stime, cutime, cstime (proc_pid_stat(5)); the name before them may hold blanks.
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
        .slice(11, 15)
        .map(Number),
    )
    return ticks.reduce((sum, more) => sum + more, 0) / TICKS_A_SECOND
  } catch {
    return undefined
  }
}

/** @typedef {(from: number, size: number) => Promise<number>} Round  Answers the bytes of all results. */

/**
 * As many pictures as there are cores first, so that children, threads and code are warm; then what is measured.
 *
 * @param {number} size
 * @param {Round} round
 * @param {() => Promise<unknown>} close
 * @returns {Promise<import('../lib/types.js').Measured>}
 */
const measured = async (size, round, close) => {
  await round(0, CORES)
  const cpuBefore = cpuSeconds()
  const from = performance.now()
  const bytes = await round(CORES, size)
  const value = size / secondsSince(from)
  const cpuAfter = cpuSeconds()
  await close()
  const figures = {
    resultMb: bytes / 1e6,
    ...(cpuBefore !== undefined && cpuAfter !== undefined && { cpuSPerImage: (cpuAfter - cpuBefore) / size }),
  }
  return { value, more: figures }
}

/** @type {import('../lib/types.js').BenchCase['run']} */
const byTask = async ({ size, place: { url, prepared } }) => {
  const ph = await posthaste({ engine: url, packs: [imagePack({ files: prepared })], logLevel: 'error' })
  const worker = ph.work({ concurrency: CORES })
  /** @type {Round} */
  const round = async (from, count) => {
    const payloads = Array.from({ length: count }, (_, i) => ({
      source: { file: nameOf(from + i) },
      output: outputsOf(from + i).map(({ width, ...rest }) => ({ ...rest, resize: { width } })),
    }))
    const jobs = await ph.addMany(payloads.map((payload) => ({ task: 'image', payload })))
    const ended = await Promise.all(jobs.map(({ id }) => ph.waitFor(id, { timeout: TIMEOUT })))
    return ended.reduce((sum, { state, output, lastError }) => {
      if (state !== 'completed') throw new Error(`a job ended ${state}: ${lastError?.message}`)
      const { outputs } = /** @type {import('posthaste/tasks/image').ImageJobOutput} */ (output)
      return sum + outputs.reduce((bytes, one) => bytes + one.bytes, 0)
    }, 0)
  }
  return await measured(size, round, async () => {
    await worker.stop()
    await ph.close()
  })
}

/** @type {import('../lib/types.js').BenchCase['run']} */
const bySharp = async ({ size, system, place: { folder, prepared } }) => {
  // One thread a picture, as many pictures as cores: the fastest of what was tried. As it comes, each picture has as many
  // threads as there are cores.
  if (system === 'sharp') {
    sharp.concurrency(1)
    sharp.cache(false)
  }
  const out = join(folder, 'out')
  await mkdir(out)
  /** @type {Round} */
  const round = async (from, count) => {
    let next = from
    let bytes = 0
    const one = async () => {
      while (next < from + count) {
        const n = next++
        const input = await readFile(join(prepared, nameOf(n)))
        for (const { name, width, format, quality } of outputsOf(n)) {
          const image = sharp(input, { autoOrient: true, failOn: 'error' }).resize({ width })
          const { size } = await image
            .toFormat(format, { quality })
            .toFile(join(out, `${n}-${name}.${format}`))
          bytes += size
        }
      }
    }
    await Promise.all(Array.from({ length: CORES }, one))
    return bytes
  }
  const figures = await measured(size, round, async () => {})
  const files = (await readdir(out)).length
  if (files !== 3 * (size + CORES)) throw new Error(`${files} files were written`)
  return figures
}

/** @type {import('../lib/types.js').BenchCase[]} */
export const imageCases = [
  {
    name: 'image',
    title: `{size} photographs of 12 megapixels, three sizes of each (WebP and JPEG), ${CORES} at a time`,
    unit: 'images/s',
    better: 'more',
    systems: { tasks: ['posthaste', 'sharp', 'sharp-as-it-comes'] },
    size: 40,
    smokeSize: 2,
    prepare: async (folder, size) => {
      const grain = await makeGrain()
      for (let n = 0; n < Math.min(PICTURES, size + CORES); n++)
        await paint(n, grain).toFile(join(folder, nameOf(n)))
    },
    run: (context) => (context.system === 'posthaste' ? byTask(context) : bySharp(context)),
  },
]
