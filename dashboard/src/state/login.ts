import { navigate, place } from './router.ts'

export const LOGIN_PATH = '/dashboard/login'
/** Where somebody wanted to go before the login, for as long as the tab is open. */
const WANTED = 'posthaste.wanted'
/** That this browser has logged in: the cookie itself cannot be seen from here, and should not. */
const LOGGED_IN = 'posthaste.loggedIn'

/** A browser may refuse to remember; then the login leads to the overview and shows no way out. */
const attempt = <T>(work: () => T): T | null => {
  try {
    return work()
  } catch {
    return null
  }
}

export const askForLogin = (): void => {
  const { path } = place.value
  if (path === LOGIN_PATH) return
  attempt(() => {
    window.localStorage.removeItem(LOGGED_IN)
    window.sessionStorage.setItem(WANTED, path + window.location.search)
  })
  navigate(LOGIN_PATH, { replace: true })
}

export const noteLogin = (): void => {
  attempt(() => window.localStorage.setItem(LOGGED_IN, 'yes'))
}
export const isLoggedIn = (): boolean => attempt(() => window.localStorage.getItem(LOGGED_IN)) === 'yes'

/**
 * Posts a form and answers the address that its answer leads to. Not by the browser itself: this page sends no referrer
 * to anybody, and browsers then leave out the origin of a posted form, too, which the server looks at.
 */
export const postForm = async (form: HTMLFormElement): Promise<string> => {
  const fields = [...new FormData(form)].map(([name, value]): [string, string] => [name, String(value)])
  try {
    return (await fetch(form.action, { method: 'POST', body: new URLSearchParams(fields) })).url
  } catch {
    return `${window.location.origin}${LOGIN_PATH}?refused=unreachable`
  }
}

/** Goes on to where the login was in the way. */
export const resumeWanted = (): void => {
  if (place.value.path === LOGIN_PATH) return
  const wanted = attempt(() => window.sessionStorage.getItem(WANTED)) ?? null
  if (wanted === null) return
  attempt(() => window.sessionStorage.removeItem(WANTED))
  navigate(wanted, { replace: true })
}
