import { PosthasteError } from '../../../core/errors.ts'
import type { ToChild } from '../wire.ts'
import { toError } from './context-error.ts'
import type { Link } from './link.ts'

type Answer = Extract<ToChild, { readonly type: 'answer' | 'refusal' }>

/** The worker's loop may be held up; a worker that is gone ends its children. */
const ANSWER_TIMEOUT_MS = 30_000

let lastCall = 0

/** What one run asks of the worker. */
export class Calls {
  readonly #link: Link
  readonly #run: number
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()

  constructor(link: Link, run: number) {
    this.#link = link
    this.#run = run
  }

  ask(method: string, args: readonly unknown[]): Promise<unknown> {
    const call = this.#say(method, args)
    return new Promise((resolve, reject) => this.#waiting.set(call, { resolve, reject }))
  }

  /** Blocks this thread until the answer is there. */
  askNow(method: string, args: readonly unknown[]): unknown {
    const call = this.#say(method, args)
    const isAnswer = (message: ToChild): message is Answer =>
      (message.type === 'answer' || message.type === 'refusal') && message.call === call
    const answer = this.#link.waitFor(isAnswer, ANSWER_TIMEOUT_MS)
    if (answer === null) throw new PosthasteError('E_DEADLINE', `The worker did not answer: ${method}.`)
    if (answer.type === 'refusal') throw toError(answer.error)
    return answer.value
  }

  answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.call)
    this.#waiting.delete(answer.call)
    if (answer.type === 'answer') waiting?.resolve(answer.value)
    else waiting?.reject(toError(answer.error))
  }

  #say(method: string, args: readonly unknown[]): number {
    const call = ++lastCall
    this.#link.say({ type: 'call', run: this.#run, call, method, args })
    return call
  }
}
