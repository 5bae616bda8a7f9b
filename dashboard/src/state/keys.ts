import { signal } from '@preact/signals'

/** What a key does; the words are shown in the list of keys. */
export interface KeyAction {
  readonly keys: readonly string[]
  readonly label: string
  readonly run: () => void
}

export const isHelpOpen = signal(false)

const layers: (readonly KeyAction[])[] = []

/** Adds keys until the returned function is called. Later ones come before earlier ones. */
export const addKeys = (actions: readonly KeyAction[]): (() => void) => {
  layers.unshift(actions)
  return () => {
    layers.splice(layers.indexOf(actions), 1)
  }
}

/** Every key that does something now. */
export const activeKeys = (): readonly KeyAction[] => layers.flat()

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio])'))

export const startKeys = (): void => {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return
    const action = activeKeys().find(({ keys }) => keys.includes(event.key))
    if (action === undefined) return
    event.preventDefault()
    action.run()
  })
}
