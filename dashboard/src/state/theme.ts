import { effect, signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'
const NAME = 'posthaste.theme'
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' }

const isTheme = (word: string | null): word is Theme => word !== null && Object.hasOwn(NEXT, word)

/** A browser may refuse to remember anything; then the choice lasts as long as the page. */
const remembered = (): Theme => {
  try {
    const word = window.localStorage.getItem(NAME)
    return isTheme(word) ? word : 'system'
  } catch {
    return 'system'
  }
}

export const theme = signal<Theme>(remembered())

export const nextTheme = (): void => {
  theme.value = NEXT[theme.value]
  try {
    window.localStorage.setItem(NAME, theme.value)
  } catch {
    // Not remembered: see above.
  }
}

/** The stylesheet follows the system unless the root element names a theme. */
export const startTheme = (): void => {
  effect(() => {
    if (theme.value === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme.value
  })
}
