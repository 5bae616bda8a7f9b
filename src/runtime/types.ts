import type { AddOptions } from './options.ts'
import type { AnyTask, Task } from './task.ts'

/** How the types of payloads follow from tasks. */

/** What a task takes at add: the input side of its schema. */
// biome-ignore lint/suspicious/noExplicitAny: the other type parameters do not matter here.
export type InputOf<T> = T extends Task<any, any, infer Input, any> ? Input : never
/** What its handler returns. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type OutputOf<T> = T extends Task<any, infer Output, any, any> ? Output : never

/** The declared task of this name. */
type Named<Name, Tasks extends AnyTask> = Extract<Tasks, { readonly name: Name }>

/**
 * The payload that goes with a task or its name. A name that was not declared, or is known only at run time, takes
 * anything. (Written so that an
 * installation with known tasks can be handed to whoever takes any installation: both branches can be compared.)
 */
export type PayloadFor<Ref, Tasks extends AnyTask> = Ref extends AnyTask
  ? InputOf<Ref>
  : string extends Tasks['name'] | Ref
    ? unknown
    : [Named<Ref, Tasks>] extends [never]
      ? unknown
      : InputOf<Named<Ref, Tasks>>

export type OutputFor<Ref, Tasks extends AnyTask> = Ref extends AnyTask
  ? OutputOf<Ref>
  : string extends Tasks['name'] | Ref
    ? unknown
    : [Named<Ref, Tasks>] extends [never]
      ? unknown
      : OutputOf<Named<Ref, Tasks>>

/** A task or its name; names of declared tasks are offered by editors. */
export type TaskRef<Tasks extends AnyTask> = AnyTask | Tasks['name'] | (string & {})

/** One job of addMany: its task and payload beside its options. */
export interface AddItem<Ref = string | AnyTask, Payload = unknown> extends Omit<AddOptions, 'tx'> {
  readonly task: Ref
  readonly payload: Payload
}
export type AddItems<Refs extends readonly unknown[], Tasks extends AnyTask> = {
  readonly [Index in keyof Refs]: AddItem<Refs[Index], PayloadFor<Refs[Index], Tasks>>
}
