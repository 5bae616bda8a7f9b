import { signal } from '@preact/signals'

/** Where the page is, as its address says it. */
export interface Place {
  readonly path: string
  readonly query: URLSearchParams
  /** What an entry of the browser's history remembers beside its address. */
  readonly memory: Memory
}
export interface Memory {
  /** Cursors of the pages before this one, the first page (null) first. */
  readonly before?: readonly (string | null)[]
}

const BASE = '/dashboard'

const read = (): Place => ({
  path: window.location.pathname.replace(/\/+$/, '') || BASE,
  query: new URLSearchParams(window.location.search),
  memory: (window.history.state as Memory | null) ?? {},
})

export const place = signal<Place>(read())

/** Goes to an address of this page. */
export const navigate = (
  href: string,
  { replace = false, memory = {} }: { readonly replace?: boolean; readonly memory?: Memory } = {},
): void => {
  const before = place.value.path
  if (replace) window.history.replaceState(memory, '', href)
  else window.history.pushState(memory, '', href)
  place.value = read()
  if (place.value.path === before) return
  window.scrollTo(0, 0)
  // The reading position of a screen reader moves with the view, as it would with a new document.
  queueMicrotask(() => document.getElementById('main')?.focus({ preventScroll: true }))
}

/** Follows links inside the page without loading it again, and the browser's own buttons. */
export const startRouter = (): void => {
  window.addEventListener('popstate', () => {
    place.value = read()
  })
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target !== '' || link.origin !== window.location.origin) return
    if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return
    if (link.hash !== '' && link.pathname === window.location.pathname) return
    event.preventDefault()
    navigate(link.pathname + link.search)
  })
}
