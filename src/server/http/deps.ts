import type { Logger } from '../../runtime/logger.ts'
import type { Pack } from '../../runtime/pack.ts'
import type { Posthaste } from '../../runtime/posthaste.ts'

/** What the server is given. */
export interface ServerDeps {
  /** An open installation; it stays open when the server stops. */
  readonly posthaste: Posthaste
  readonly packs: readonly Pack[]
  readonly logger: Logger
  /** What clients send as a bearer token; null: nothing is asked. */
  readonly token: string | null
  /** Further names that the server answers under, beside loopback and its own address. */
  readonly hosts?: readonly string[]
  /** The operator wants plain HTTP on an address that other machines can reach. */
  readonly insecureHttp?: boolean
}
