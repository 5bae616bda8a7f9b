/**
 * Requests to other servers that cannot be led astray: `posthaste/outbound`. For tasks that call what a payload names.
 */
export { headerProblem } from './headers.ts'
export { OUTBOUND_TIMEOUT_MAX_MS, OUTBOUND_TIMEOUT_MS, REDIRECTS_MAX, RESPONSE_BYTES_MAX } from './limits.ts'
export {
  createOutbound,
  METHODS,
  type Outbound,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './outbound.ts'
export type { Resolve } from './target.ts'
