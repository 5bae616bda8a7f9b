import { useId } from 'preact/hooks'
import { checkJson } from '../lib/json.ts'
import { Button } from './button.tsx'

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly onInput: (text: string) => void
  readonly hint?: string
  /** What the server, or the check, says is wrong; null when nothing is. */
  readonly wrong?: string | null
}

interface TextFieldProps extends FieldProps {
  readonly suggestions?: readonly string[]
  readonly placeholder?: string
  readonly required?: boolean
  readonly numeric?: boolean
}

export const TextField = ({
  label,
  value,
  onInput,
  hint,
  wrong = null,
  suggestions = [],
  placeholder,
  required = false,
  numeric = false,
}: TextFieldProps) => {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        value={value}
        placeholder={placeholder}
        required={required}
        inputMode={numeric ? 'numeric' : 'text'}
        list={suggestions.length > 0 ? `${id}-list` : undefined}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={wrong !== null}
        aria-describedby={`${id}-note`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {suggestions.length > 0 && (
        <datalist id={`${id}-list`}>
          {suggestions.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
      <Note id={`${id}-note`} hint={hint} wrong={wrong} />
    </div>
  )
}

const Note = ({
  id,
  hint,
  wrong,
}: {
  readonly id: string
  readonly hint?: string | undefined
  readonly wrong: string | null
}) => (
  <p id={id} class={wrong === null ? 'hint' : 'wrong'} aria-live="polite">
    {wrong ?? hint}
  </p>
)

interface ChoiceProps extends FieldProps {
  readonly options: readonly string[]
  /** Words for the empty option. */
  readonly none: string
}

export const Choice = ({ label, value, onInput, options, none }: ChoiceProps) => {
  const id = useId()
  // A job may have a priority without a name: it is offered beside the others.
  const all = options.includes(value) ? options : [...options, value]
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onInput(event.currentTarget.value)}>
        {all.map((option) => (
          <option key={option} value={option}>
            {option === '' ? none : option}
          </option>
        ))}
      </select>
    </div>
  )
}

interface PayloadFieldProps {
  readonly value: string
  readonly onInput: (text: string) => void
  readonly onFormat: () => void
  readonly wrong: string | null
}

/** JSON, checked while it is typed. */
export const PayloadField = ({ value, onInput, onFormat, wrong }: PayloadFieldProps) => {
  const id = useId()
  const read = checkJson(value)
  const why = read.ok ? wrong : `Line ${read.line}, column ${read.column}: ${read.why}.`
  return (
    <div class="field">
      <div class="field-head">
        <label for={id}>Payload</label>
        <Button label="Indent" onClick={onFormat} disabled={!read.ok} />
      </div>
      <textarea
        id={id}
        class="payload"
        rows={Math.min(24, Math.max(8, value.split('\n').length + 1))}
        value={value}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={why !== null}
        aria-describedby={`${id}-note`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <Note id={`${id}-note`} hint='JSON: an object, a text in "quotes", a number, or nothing.' wrong={why} />
    </div>
  )
}
