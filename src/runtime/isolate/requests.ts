import { createReadStream } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobInfo, PutOptions } from '../../blobs/blob.ts'
import { isPosthasteError, PosthasteError } from '../../core/errors.ts'
import { toJobError } from '../../core/job-error.ts'
import { CHECKPOINT_BYTES_MAX } from '../../core/limits.ts'
import { shown } from '../../core/text.ts'
import type { TaskContext } from '../task.ts'
import { BLOB_FILE, type Said, type StepBegun, type ToChild, type WireBlob, type WireError } from './wire.ts'

/** Blobs that one run may hold as files at the same time. */
const FILES_MAX = 1_000

type Method = (args: readonly unknown[]) => unknown

interface OpenStep {
  readonly done: (value: unknown) => void
  readonly failed: (error: Error) => void
  readonly result: Promise<unknown>
}

/**
 * What a handler asks for in a child, carried out on the context that it would have in the worker. Nothing here settles
 * a job: that is for the worker.
 */
export class Requests {
  readonly #context: TaskContext
  /** Where the child leaves bytes for the blob store. */
  readonly #folder: string
  readonly #steps = new Map<unknown, OpenStep>()
  readonly #files = new Map<number, () => void>()
  #lastFile = 0
  readonly #methods: Readonly<Record<string, Method>>

  constructor(context: TaskContext, folder: string) {
    this.#context = context
    this.#folder = folder
    const { blobs } = context
    this.#methods = {
      checkpoint: async ([value]) => {
        await context.checkpoint.set(value)
        return null
      },
      parents: () => context.parents(),
      add: ([task, payload, options]) =>
        context.add(task as string, payload, (options ?? undefined) as Parameters<TaskContext['add']>[2]),
      step: ([name]) => this.#begin(name),
      stepDone: ([name, text]) => this.#stepDone(name, text),
      stepFailed: ([name, message]) => this.#stepFailed(name, message),
      blobPut: ([name, options]) => this.#put(name, options as PutOptions),
      blobInfo: async ([ref]) => {
        const info = await blobs.info(ref as string)
        return info === null ? null : toWire(info)
      },
      blobFile: ([ref]) => this.#file(ref),
      blobFileDone: ([id]) => this.#release(Number(id)),
      blobRemove: ([ref]) => blobs.remove(ref as string),
      blobUsage: () => blobs.usage(),
    }
  }

  /** The answer to one request. Never rejects. */
  async carryOut({ call, method, args }: Said): Promise<ToChild> {
    const id = typeof call === 'number' ? call : 0
    const name = typeof method === 'string' ? method : ''
    try {
      const carry = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined
      if (carry === undefined) throw new Error(`There is no method ${shown(method)}.`)
      const value = await carry(Array.isArray(args) ? args : [])
      return { type: 'answer', call: id, value }
    } catch (error) {
      return { type: 'refusal', call: id, error: toWireError(error) }
    }
  }

  /** The run is over: what the child has not brought to an end failed. */
  close(): void {
    const error = new PosthasteError('E_CHILD_CRASHED')
    for (const { failed } of this.#steps.values()) failed(error)
    for (const release of this.#files.values()) release()
    this.#steps.clear()
    this.#files.clear()
  }

  /** The step begins when the worker's context calls its work; the child does it, and says how it went. */
  #begin(name: unknown): Promise<StepBegun> {
    return new Promise((resolve, reject) => {
      const work = (): Promise<unknown> =>
        new Promise((done, failed) => {
          // A turn later, when `result` is there.
          queueMicrotask(() => {
            this.#steps.set(name, { done, failed, result })
            resolve({ isDone: false })
          })
        })
      const result = this.#context.step(name as string, work)
      result.then((value) => resolve({ isDone: true, result: value }), reject)
    })
  }

  #stepDone(name: unknown, text: unknown): Promise<unknown> {
    const step = this.#taken(name)
    if (typeof text === 'string' && text.length > CHECKPOINT_BYTES_MAX) {
      step.failed(new PosthasteError('E_TOO_LARGE', `The result of a step is too large.`))
    } else {
      step.done(text === null ? undefined : JSON.parse(String(text)))
    }
    return step.result
  }

  #stepFailed(name: unknown, message: unknown): null {
    this.#taken(name).failed(new Error(String(message)))
    return null
  }

  #taken(name: unknown): OpenStep {
    const step = this.#steps.get(name)
    if (step === undefined) throw new PosthasteError('E_STEP', 'No step of this name is under way.')
    this.#steps.delete(name)
    return step
  }

  async #put(name: unknown, options: PutOptions): Promise<WireBlob> {
    if (typeof name !== 'string' || !BLOB_FILE.test(name)) throw new Error('This is no file of a blob.')
    const path = join(this.#folder, name)
    // A link could lead anywhere, and a pipe would never end.
    if (!(await lstat(path)).isFile()) throw new Error('This is no file of a blob.')
    const { signal } = this.#context
    return toWire(await this.#context.blobs.put(createReadStream(path), { ...Object(options), signal }))
  }

  /** The file stays until the child lets go of it, or the run is over. */
  #file(ref: unknown): Promise<{ readonly id: number; readonly path: string }> {
    if (this.#files.size >= FILES_MAX) {
      throw new PosthasteError('E_TOO_MANY', `One run may hold ${FILES_MAX} blobs as files.`)
    }
    return new Promise((resolve, reject) => {
      const use = (path: string): Promise<void> =>
        new Promise((release) => {
          const id = ++this.#lastFile
          this.#files.set(id, release)
          resolve({ id, path })
        })
      this.#context.blobs.withFile(ref as string, use).catch(reject)
    })
  }

  #release(id: number): null {
    this.#files.get(id)?.()
    this.#files.delete(id)
    return null
  }
}

const toWire = ({ hash, size, expiresAt }: BlobInfo): WireBlob => ({
  hash,
  size,
  expiresAt: expiresAt.getTime(),
})

export const toWireError = (error: unknown): WireError => {
  const { name, message } = toJobError(error)
  return { name, code: isPosthasteError(error) ? error.code : null, message }
}
