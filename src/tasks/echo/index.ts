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
        payload: anything,
        run: (payload) => {
          if (beginsWithFail(payload)) throw new Error('The payload asked to fail.')
          return payload
        },
      }),
    ],
  }
}

/** Takes every payload; there to tell people what the task does with it. */
const anything = {
  '~standard': {
    version: 1,
    vendor: 'posthaste',
    validate: (value: unknown) => ({ value }),
    jsonSchema: {
      input: () => ({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        description:
          'Answers its payload. A text that begins with "fail" fails, to show what becomes of failures.',
        examples: [{ hello: 'world' }],
      }),
    },
  },
} as const

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
