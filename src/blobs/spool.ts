import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobContent } from './blob.ts'
import { chunksOf } from './content.ts'

/** A new file of ours and nobody else's: an existing name or a link in its place is refused. */
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0)

export interface Spooled {
  readonly path: string
  readonly digits: string
  readonly size: number
}

/**
 * Writes content to a new file in a folder, hashing what passes. The file is synced; when anything fails it is removed.
 * @param accept called with the size so far before it is written; throws to refuse
 */
export const spool = async (
  folder: string,
  content: BlobContent,
  accept: (size: number) => void,
  signal?: AbortSignal,
): Promise<Spooled> => {
  const path = join(folder, `${randomBytes(16).toString('hex')}.part`)
  const hash = createHash('sha256')
  let size = 0
  // The mode keeps other users of the machine out; Windows ignores it and uses the rules of the folder.
  const file = await open(path, NEW_FILE, 0o600)
  try {
    for await (const chunk of chunksOf(content)) {
      signal?.throwIfAborted()
      size += chunk.byteLength
      accept(size)
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    signal?.throwIfAborted()
    await file.sync()
  } catch (error) {
    await file.close()
    await rm(path, { force: true })
    throw error
  }
  await file.close()
  return { path, digits: hash.digest('hex'), size }
}
