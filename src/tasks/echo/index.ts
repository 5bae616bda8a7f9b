import { type Pack, task } from '../../index.ts'

/** What the demonstration handler takes for a wish to fail. */
const FAIL = 'fail'

/**
 * The task that runs when none is named: its output is its payload. A payload that begins with "fail" fails, so that
 * retries, backoff and the dead state can be watched without writing a handler.
 */
export function echoPack(): Pack {
  return {
    name: 'echo',
    tasks: [
      task({
        name: 'echo',
        run: (payload: unknown) => {
          if (beginsWithFail(payload)) throw new Error('The payload asked to fail.')
          return payload
        },
      }),
    ],
  }
}

/** A payload is text, or any bytes in the form `{ "$base64": … }`. */
function beginsWithFail(payload: unknown): boolean {
  if (typeof payload === 'string') return payload.startsWith(FAIL)
  if (typeof payload !== 'object' || payload === null || !('$base64' in payload)) return false
  const { $base64: base64 } = payload
  // Eight base64 digits hold the first six bytes: more than the word needs.
  return (
    typeof base64 === 'string' &&
    Buffer.from(base64.slice(0, 8), 'base64').toString('latin1').startsWith(FAIL)
  )
}
