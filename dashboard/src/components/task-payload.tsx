import type { WireTask } from '../api/types.ts'
import { exampleOf } from '../lib/example.ts'
import { prettyJson } from '../lib/json.ts'
import { Button } from './button.tsx'
import { Disclosure } from './disclosure.tsx'
import { Json } from './json.tsx'
import { PayloadShape } from './payload-shape.tsx'

interface TaskPayloadProps {
  readonly task: WireTask
  /** Puts an example into the form. */
  readonly onExample: (json: string) => void
  /** Puts back what an example replaced; null when it replaced nothing. */
  readonly onUndo: (() => void) | null
}

/** What a job of this task carries, beside the field in which it is written. */
export const TaskPayload = ({ task: { name, schema }, onExample, onUndo }: TaskPayloadProps) => (
  <section class="panel task-payload" aria-label={`About ${name}`}>
    <div class="panel-head">
      <h2>
        Payload of <code>{name}</code>
      </h2>
      {onUndo !== null && <Button label="Put mine back" onClick={onUndo} />}
      {schema !== null && (
        <Button
          label="Insert example"
          onClick={() => onExample(prettyJson(exampleOf(schema), { secrets: true }))}
        />
      )}
    </div>
    {schema === null ? (
      <p class="quiet">This task has no schema: it says nothing about its payload, and takes any JSON.</p>
    ) : (
      <>
        <PayloadShape key={name} schema={schema} />
        <div class="shape-json">
          <Disclosure summary="JSON Schema">
            {() => <Json value={schema} label={`JSON Schema of ${name}`} isPublic />}
          </Disclosure>
        </div>
      </>
    )}
  </section>
)
