import { signal } from '@preact/signals'
import type { Problem } from '../api/client.ts'

export interface Toast {
  readonly id: number
  readonly kind: 'done' | 'problem'
  readonly text: string
  readonly remedy: string
  readonly href: string | null
}

const TOASTS_MAX = 4
const DONE_MS = 5_000
/** A problem takes longer to read. */
const PROBLEM_MS = 12_000

let last = 0
export const toasts = signal<readonly Toast[]>([])

export const dismiss = (id: number): void => {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

const show = (toast: Omit<Toast, 'id'>, ms: number): void => {
  last += 1
  const id = last
  toasts.value = [...toasts.value, { ...toast, id }].slice(-TOASTS_MAX)
  setTimeout(() => dismiss(id), ms)
}

export const tellDone = (text: string, href: string | null = null): void =>
  show({ kind: 'done', text, remedy: '', href }, DONE_MS)
export const tellProblem = ({ message, remedy }: Pick<Problem, 'message' | 'remedy'>): void =>
  show({ kind: 'problem', text: message, remedy, href: null }, PROBLEM_MS)
