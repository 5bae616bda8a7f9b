import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  CAPTURE_DEBRIS_AGE_MS,
  CAPTURE_MESSAGES_MAX,
  CAPTURE_TOTAL_BYTES_MAX,
  MESSAGE_BYTES_MAX,
} from '../limits.ts'
import { type CapturedSummary, isSummary, summarise } from './summary.ts'

/** Bounds of a capture mailbox; the oldest messages make room. */
export interface CaptureBounds {
  readonly messages: number
  readonly totalBytes: number
  readonly messageBytes: number
}

export const CAPTURE_BOUNDS: CaptureBounds = {
  messages: CAPTURE_MESSAGES_MAX,
  totalBytes: CAPTURE_TOTAL_BYTES_MAX,
  messageBytes: MESSAGE_BYTES_MAX,
}

export interface CapturedEnvelope {
  readonly from: string
  readonly to: readonly string[]
}

/** Time in ms, a number within the process, and something random: sorts by time, and is safe as a file name. */
const ID = /^\d{13}-\d{5}-[0-9a-f]{12}$/

/**
 * Captured mail in a folder. A message is two files: `<id>.eml`, the bytes as they came, and `<id>.json`, its
 * envelope and what a list shows. The second is written last and renamed into place, so a message exists when its
 * `.json` does, and any number of processes may write and read one folder without knowing of each other.
 */
export class CaptureStore {
  readonly folder: string
  private readonly bounds: CaptureBounds
  /** Summaries never change, so each is read once. */
  private readonly known = new Map<string, CapturedSummary>()
  private sequence = 0
  private lastTime = 0

  constructor(folder: string, bounds: CaptureBounds = CAPTURE_BOUNDS) {
    this.folder = resolve(folder)
    this.bounds = bounds
  }

  /** Keeps a message and answers its id once it is in the folder. The oldest messages beyond the bounds are removed. */
  async add(bytes: Buffer, envelope: CapturedEnvelope): Promise<string> {
    if (bytes.length > this.bounds.messageBytes)
      throw new Error('The message is larger than the mailbox takes.')
    // posix: the modes keep other users of the machine out; Windows ignores them and uses the folder's own rules.
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    const id = this.nextId()
    const summary: CapturedSummary = { id, receivedAt: this.lastTime, envelope, ...(await summarise(bytes)) }
    await writeFile(this.path(id, 'eml'), bytes, { mode: 0o600, flag: 'wx' })
    const draft = this.path(id, 'tmp')
    await writeFile(draft, JSON.stringify(summary), { mode: 0o600, flag: 'wx' })
    await rename(draft, this.path(id, 'json'))
    this.known.set(id, summary)
    await this.prune()
    return id
  }

  /** Newest first. A message that another process removes meanwhile is left out. */
  async list(): Promise<CapturedSummary[]> {
    const names = await this.names()
    const ids = names
      .flatMap((name) => (name.endsWith('.json') ? name.slice(0, -5) : []))
      .filter((id) => ID.test(id))
    const present = new Set(ids)
    for (const id of this.known.keys()) if (!present.has(id)) this.known.delete(id)
    const summaries = await Promise.all(ids.map((id) => this.summary(id)))
    return summaries.filter((one) => one !== undefined).sort((a, b) => (a.id < b.id ? 1 : -1))
  }

  /** One message's summary, or undefined when there is no such message. Any text is safe to ask for. */
  async summary(id: string): Promise<CapturedSummary | undefined> {
    if (!ID.test(id)) return undefined
    const known = this.known.get(id)
    if (known !== undefined) return known
    const text = await absentAsUndefined(readFile(this.path(id, 'json'), 'utf8'))
    const summary = text === undefined ? undefined : parse(text)
    if (summary === undefined || summary.id !== id) return undefined
    this.known.set(id, summary)
    return summary
  }

  /** One message's bytes, or undefined when there is no such message. */
  async bytes(id: string): Promise<Buffer | undefined> {
    return ID.test(id) ? absentAsUndefined(readFile(this.path(id, 'eml'))) : undefined
  }

  private async prune(): Promise<void> {
    let bytes = 0
    for (const [index, { id, size }] of (await this.list()).entries()) {
      bytes += size
      const keep = index === 0 || (index < this.bounds.messages && bytes <= this.bounds.totalBytes)
      if (!keep) await this.remove(id)
    }
  }

  /** The `.json` goes first: what has none is debris, not a message. */
  private async remove(id: string): Promise<void> {
    this.known.delete(id)
    for (const kind of ['json', 'eml'] as const) await absentAsUndefined(unlink(this.path(id, kind)))
  }

  /** Removes what a killed process left behind half-written. Called once at the start. */
  async sweep(now = Date.now()): Promise<void> {
    const names = new Set(await this.names())
    for (const name of names) {
      const [id = '', kind = ''] = name.split('.')
      if (!ID.test(id) || kind === 'json' || (kind === 'eml' && names.has(`${id}.json`))) continue
      const file = join(this.folder, name)
      const age = now - ((await absentAsUndefined(stat(file)))?.mtimeMs ?? now)
      if (age > CAPTURE_DEBRIS_AGE_MS) await absentAsUndefined(unlink(file))
    }
  }

  private async names(): Promise<string[]> {
    return (await absentAsUndefined(readdir(this.folder))) ?? []
  }

  private path(id: string, kind: 'eml' | 'json' | 'tmp'): string {
    return join(this.folder, `${id}.${kind}`)
  }

  private nextId(): string {
    // Never backwards within a process, so that its messages keep their order whatever the clock does.
    this.lastTime = Math.max(Date.now(), this.lastTime)
    this.sequence = (this.sequence + 1) % 100_000
    if (this.sequence === 0) this.lastTime += 1
    return `${this.lastTime}-${String(this.sequence).padStart(5, '0')}-${randomBytes(6).toString('hex')}`
  }
}

async function absentAsUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The folder may hold what others put there: only a well-formed summary counts. */
function parse(text: string): CapturedSummary | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isSummary(value) ? value : undefined
  } catch {
    return undefined
  }
}
