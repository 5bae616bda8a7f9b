import { PosthasteError } from './errors.ts'

/**
 * The interface of Standard Schema, version 1: what zod, valibot, arktype and others have in common. Its authors mean
 * it to be written down by whoever accepts schemas, so that no library has to depend on another.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** Standard JSON Schema: what newer libraries (zod 4.2 and later) can say about a payload besides. */
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: string }) => Readonly<Record<string, unknown>>
    }
    /** Never there at run time: carries the types. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a payload may look like, as JSON Schema, or null when its schema cannot say so. For people; never for checking. */
export const inputSchemaOf = (schema: StandardSchemaV1): Readonly<Record<string, unknown>> | null => {
  try {
    return schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' }) ?? null
  } catch {
    // Something in it has no counterpart there, such as a Date.
    return null
  }
}

/** Issues kept of a failed check; the message names the first few. */
const ISSUES_MAX = 20
const ISSUES_IN_MESSAGE = 3
const ISSUE_LENGTH_MAX = 200

/**
 * The value as the schema gives it back. Answers at once when the schema does, else a promise.
 * @param field what the value is called in errors
 * @throws E_PAYLOAD with the path of the first issue in `field` and all of them (bounded) in `data.issues`
 */
export const validate = <Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  taskName: string,
  field = 'payload',
): Output | Promise<Output> => {
  const result = schema['~standard'].validate(value)
  return 'then' in result
    ? // A promise of another realm counts as one, too.
      Promise.resolve(result).then((settled) => accept(settled, taskName, field))
    : accept(result, taskName, field)
}

const accept = <Output>(result: SchemaResult<Output>, taskName: string, field: string): Output => {
  if (result.issues === undefined) return result.value
  const issues = result.issues.slice(0, ISSUES_MAX).map((issue) => ({
    path: pathText(issue.path, field),
    message: String(issue.message).slice(0, ISSUE_LENGTH_MAX),
  }))
  const said = issues.slice(0, ISSUES_IN_MESSAGE).map(({ path, message }) => `${path}: ${message}`)
  const more = result.issues.length - said.length
  const what = `The payload does not fit task ${taskName}: ${said.join('; ')}${more > 0 ? ` (and ${more} more)` : ''}.`
  throw new PosthasteError('E_PAYLOAD', what, { field: issues[0]?.path ?? field, data: { issues } })
}

const pathText = (path: SchemaIssue['path'], field: string): string =>
  (path ?? []).reduce<string>((text, part) => {
    const key = typeof part === 'object' ? part.key : part
    return typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key).slice(0, ISSUE_LENGTH_MAX)}`
  }, field)
