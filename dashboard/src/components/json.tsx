import { signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { hasSecrets, piecesOf, prettyJson } from '../lib/json.ts'
import { CopyButton } from './copy.tsx'

/** Longer texts are shown without colours: thousands of elements would make the page slow. */
const COLOURED_LENGTH_MAX = 20_000

interface JsonProps {
  readonly value: unknown
  readonly label: string
  /** It holds names and no secrets, such as a schema. */
  readonly isPublic?: boolean
}

/** A value as indented JSON; secrets are shown when the reader asks for them. */
export const Json = ({ value, label, isPublic = false }: JsonProps) => {
  const secrets = useMemo(() => signal(isPublic), [])
  const text = prettyJson(value, { secrets: secrets.value })
  return (
    <div class="json">
      <div class="json-tools">
        {!isPublic && hasSecrets(value) && (
          <button
            type="button"
            class="link"
            aria-pressed={secrets.value}
            onClick={() => {
              secrets.value = !secrets.value
            }}
          >
            {secrets.value ? 'Hide secrets' : 'Show secrets'}
          </button>
        )}
        <CopyButton text={text} what={label.toLowerCase()} />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a section keeps no line breaks. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} role="region" aria-label={label}>
        {text.length > COLOURED_LENGTH_MAX
          ? text
          : piecesOf(text).map(({ kind, text: piece }) =>
              kind === 'mark' ? piece : <span class={`json-${kind}`}>{piece}</span>,
            )}
      </pre>
    </div>
  )
}
