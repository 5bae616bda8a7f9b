import { mkdtempSync, rm } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for one child alone. */
export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'posthaste-child-'))

/** Soon, and without a word when it cannot be: nobody waits for it. */
export const removeFolder = (folder: string): void => {
  rm(folder, { recursive: true, force: true }, () => {})
}
