import type { Posthaste } from './posthaste.ts'
import type { AnyTask } from './task.ts'

/**
 * A pack bundles what a field of work brings: tasks, HTTP routes, settings. The server and the command line know packs,
 * not mail; users write packs of their own with the same interface.
 */
export interface Pack {
  readonly name: string
  readonly tasks: readonly AnyTask[]
  readonly routes?: readonly PackRoute[]
  /** Called once when the installation that carries the pack is open, before its first worker starts. */
  readonly start?: (posthaste: Posthaste) => Promise<void>
  /** Called once when it closes, after its last worker stopped. */
  readonly close?: () => Promise<void>
  /** Checks that what it needs from outside can be reached (`posthaste doctor`). @throws an error that says what failed */
  readonly verify?: () => Promise<void>
  /** Lines for people, printed when a server starts ("Mailbox: …"); `baseUrl` has no slash at its end. */
  readonly greet?: (baseUrl: string) => readonly PackGreeting[]
}

export interface PackRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** A path with `:name` segments, e.g. '/mailbox/:id'. */
  readonly path: string
  readonly handler: (
    request: Request,
    params: Readonly<Record<string, string>>,
  ) => Response | Promise<Response>
}

export interface PackGreeting {
  readonly label: string
  readonly text: string
}
