import { useEffect, useRef } from 'preact/hooks'
import { Brand } from '../components/brand.tsx'
import { Button } from '../components/button.tsx'
import { useTitle } from '../components/use.ts'
import { LOGIN_PATH, noteLogin, postForm } from '../state/login.ts'
import { place } from '../state/router.ts'

const REFUSED: Readonly<Record<string, string>> = {
  wrong: 'That is not the token of this server.',
  unreachable: 'The server does not answer. Check that posthaste is running.',
  many: 'Too many wrong tokens came from your address. Wait a minute, then try again.',
}

/** The token is posted once; what stays in the browser is a cookie that no script can read. */
export const Login = () => {
  useTitle('Log in')
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.focus(), [])
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void postForm(event.currentTarget as HTMLFormElement).then((url) => {
      if (new URL(url).pathname !== LOGIN_PATH) noteLogin()
      window.location.assign(url)
    })
  }
  const refused = REFUSED[place.value.query.get('refused') ?? '']
  return (
    <main class="login">
      <form class="panel" method="post" action={LOGIN_PATH} onSubmit={submit}>
        <h1>
          <Brand /> Log in
        </h1>
        <div class="field">
          <label for="token">Token</label>
          <input
            ref={input}
            id="token"
            name="token"
            type="password"
            required
            autocomplete="current-password"
            aria-invalid={refused !== undefined}
            aria-describedby="token-note"
          />
          <p id="token-note" class={refused === undefined ? 'hint' : 'wrong'}>
            {refused ?? 'What the server was started with as POSTHASTE_TOKEN. The login lasts twelve hours.'}
          </p>
        </div>
        <Button label="Log in" kind="primary" type="submit" />
      </form>
    </main>
  )
}
