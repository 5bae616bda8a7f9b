import { activeKeys, isHelpOpen } from '../state/keys.ts'
import { Dialog } from './dialog.tsx'

/** The keys that do something on this page. */
export const Help = () => {
  if (!isHelpOpen.value) return null
  return (
    <Dialog
      title="Keys"
      onClose={() => {
        isHelpOpen.value = false
      }}
    >
      <dl class="keys">
        {activeKeys().map(({ keys, label }) => (
          <div key={label}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{NAMES[key] ?? key}</kbd>
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Enter</kbd>
          </dt>
          <dd>Open what has the focus</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>Close a dialog, leave the search</dd>
        </div>
      </dl>
    </Dialog>
  )
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ArrowLeft: '←',
  ArrowRight: '→',
}
