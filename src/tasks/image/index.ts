import { extname, resolve } from 'node:path'
import type { Pack } from '../../index.ts'
import imageTask from './task.ts'

/** What a child begins with. Built, the task shares a file with others, and does not know where its own is. */
const MODULE = new URL(`./task${extname(import.meta.url)}`, import.meta.url)

export interface ImagePackOptions {
  /** The folder whose files payloads may name as source and as output. Default: none, files are refused. */
  readonly files?: string | undefined
  /** Addresses beside public ones that images may be fetched from, as `posthaste/outbound` reads them. */
  readonly allow?: readonly string[]
}

/**
 * Images as jobs: the task `image` resizes, crops, turns and converts JPEG, PNG, WebP, AVIF and GIF, in a process of its
 * own. Needs the package sharp when a job runs.
 *
 * @example
 * const ph = await posthaste({ engine: 'sqlite:./jobs.db', packs: [imagePack({ files: './media' })] })
 * await ph.add('image', {
 *   source: { file: 'photo.jpg' },
 *   output: [{ name: 'thumb', resize: { width: 200, height: 200 }, format: 'webp', file: 'thumbs/photo.webp' }],
 * })
 */
export const imagePack = ({ files, allow = [] }: ImagePackOptions = {}): Pack => ({
  name: 'image',
  // The task runs in another folder: a relative path is meant from this one.
  tasks: [imageTask({ files: files === undefined ? null : resolve(files), allow }, MODULE)],
})

export type { ImageInput } from './payload.ts'
export type { ImageJobOutput, ImageResult } from './task.ts'
