// Several sizes of one picture, in a process of its own. Needs sharp: npm install sharp
import { mkdir, writeFile } from 'node:fs/promises'
import { posthaste } from 'posthaste'
import { imagePack } from 'posthaste/tasks/image'
import sharp from 'sharp'

// A picture to begin with: 640 × 480, as a camera that was held sideways stores it.
await mkdir('media', { recursive: true })
const drawn = sharp({ create: { width: 640, height: 480, channels: 3, background: '#3366cc' } })
await writeFile('media/photo.jpg', await drawn.jpeg().withMetadata({ orientation: 6 }).toBuffer())

const ph = await posthaste({ engine: 'memory:', packs: [imagePack({ files: 'media' })] })
ph.work()
const { id } = await ph.add('image', {
  source: { file: 'photo.jpg' },
  output: [
    { name: 'large', resize: { width: 300 }, format: 'webp', file: 'out/large.webp' },
    { name: 'thumb', resize: { width: 100, height: 100 }, format: 'png', file: 'out/thumb.png' },
  ],
})
const done = await ph.waitFor(id, { timeout: '30s' })
const output = /** @type {import('posthaste/tasks/image').ImageJobOutput} */ (done.output)
console.log(`upright: ${output.source.width} × ${output.source.height}`)
for (const { name, width, height, file } of output.outputs)
  console.log(`${name}: ${width} × ${height} in ${file}`)

// What is no picture ends its job, and says why.
await writeFile('media/not-a-photo.jpg', 'GIF? No.')
const bad = await ph.add('image', { source: 'not-a-photo.jpg' })
const { state, lastError } = await ph.waitFor(bad.id, { timeout: '30s' })
console.log(`${state}: ${lastError?.code}`)
await ph.close()
