import { Icon, type IconName } from './icon.tsx'

interface ButtonProps {
  readonly label: string
  readonly onClick?: () => void
  readonly icon?: IconName
  /** The label is for screen readers and the tooltip only. */
  readonly bare?: boolean
  readonly kind?: 'plain' | 'primary' | 'risky' | 'danger'
  readonly disabled?: boolean
  readonly type?: 'button' | 'submit'
  /** Has the focus when its dialog opens. */
  readonly first?: boolean
  /** Says more than the label, to screen readers. */
  readonly name?: string
  /** Key that does the same, for the tooltip. */
  readonly shortcut?: string
}

export const Button = ({
  label,
  onClick,
  icon,
  bare = false,
  kind = 'plain',
  disabled = false,
  type = 'button',
  first = false,
  name,
  shortcut,
}: ButtonProps) => (
  <button
    type={type}
    class={`button ${kind}${bare ? ' bare' : ''}`}
    disabled={disabled}
    data-first={first || undefined}
    aria-label={name ?? (bare ? label : undefined)}
    aria-keyshortcuts={shortcut}
    title={bare || shortcut ? `${label}${shortcut ? ` (${shortcut})` : ''}` : undefined}
    onClick={onClick}
  >
    {icon && <Icon name={icon} />}
    {!bare && <span>{label}</span>}
  </button>
)
