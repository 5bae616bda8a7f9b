import { PosthasteError } from '../../../core/errors.ts'
import type { WireError } from '../wire.ts'

/** An error of the worker's, as a handler in the worker would get it. */
export const toError = ({ name, code, message }: WireError): Error => {
  const error = code === null ? new Error() : new PosthasteError(code as PosthasteError['code'])
  const own = (value: string) => ({ value, configurable: true, writable: true })
  Object.defineProperty(error, 'message', own(message))
  if (code === null) Object.defineProperty(error, 'name', own(name))
  return error
}
