import type { Action } from '../state/actions.ts'
import { act } from '../state/actions.ts'
import { rows } from '../state/jobs.ts'
import type { KeyAction } from '../state/keys.ts'
import { tellProblem } from '../state/toasts.ts'

/** Where the focus was last, so that the next step goes on from there when its row is gone. */
let last = -1

const links = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-row] a.row-link')]

const indexOfFocus = (): number => {
  const row = document.activeElement?.closest('[data-row]')
  return row === null || row === undefined ? -1 : [...document.querySelectorAll('[data-row]')].indexOf(row)
}

const step = (by: 1 | -1): void => {
  const all = links()
  const here = indexOfFocus()
  const next = here === -1 ? (last === -1 ? 0 : Math.min(last, all.length - 1)) : here + by
  const link = all[next]
  if (link === undefined) return
  link.focus({ preventScroll: true })
  link.closest('[data-row]')?.scrollIntoView({ block: 'nearest' })
}

const actOnRow = (action: Action): void => {
  const job = rows.value[indexOfFocus()]
  if (job !== undefined) act(action, job)
  else tellProblem({ message: 'No row has the focus.', remedy: 'Choose one with j and k.' })
}

export const rowKeys: readonly KeyAction[] = [
  { keys: ['j', 'ArrowDown'], label: 'Next row', run: () => step(1) },
  { keys: ['k', 'ArrowUp'], label: 'Row before', run: () => step(-1) },
  { keys: ['r'], label: 'Retry the job of the row', run: () => actOnRow('retry') },
  { keys: ['c'], label: 'Cancel the job of the row', run: () => actOnRow('cancel') },
]

/** Remembers the row that has the focus, until the returned function is called. */
export const onRowKeys = (): (() => void) => {
  last = -1
  const note = (): void => {
    const here = indexOfFocus()
    if (here !== -1) last = here
  }
  document.addEventListener('focusin', note)
  return () => document.removeEventListener('focusin', note)
}
