import type { AddOptions } from './options.ts'
import type { AnyTask, Task } from './task.ts'

/** How the types of payloads follow from tasks. */

/** What a task takes at add: the input side of its schema. */
// biome-ignore lint/suspicious/noExplicitAny: the other type parameters do not matter here.
export type InputOf<T> = T extends Task<any, any, infer Input, any> ? Input : never
/** What its handler returns. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type OutputOf<T> = T extends Task<any, infer Output, any, any> ? Output : never

/** The task that `Ref` means: itself, or the one of this name among the declared `Tasks`; any other name is unknown. */
type Meant<Ref, Tasks extends AnyTask> = Ref extends AnyTask
  ? Ref
  : string extends Tasks['name']
    ? never
    : Extract<Tasks, { readonly name: Ref }>

/** The payload that goes with a task or its name. A name that was not declared takes anything. */
export type PayloadFor<Ref, Tasks extends AnyTask> = [Meant<Ref, Tasks>] extends [never]
  ? unknown
  : InputOf<Meant<Ref, Tasks>>

export type OutputFor<Ref, Tasks extends AnyTask> = [Meant<Ref, Tasks>] extends [never]
  ? unknown
  : OutputOf<Meant<Ref, Tasks>>

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
