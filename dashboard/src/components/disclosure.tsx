import { signal } from '@preact/signals'
import type { ComponentChild } from 'preact'
import { useMemo } from 'preact/hooks'

interface DisclosureProps {
  readonly summary: string
  readonly isOpen?: boolean
  /** What is inside is made when it is opened: it may be large, or without an end. */
  readonly children: () => ComponentChild
}

export const Disclosure = ({ summary, isOpen = false, children }: DisclosureProps) => {
  const open = useMemo(() => signal(isOpen), [])
  return (
    <details
      open={isOpen}
      onToggle={(event) => {
        open.value = event.currentTarget.open
      }}
    >
      <summary>{summary}</summary>
      {open.value && children()}
    </details>
  )
}
