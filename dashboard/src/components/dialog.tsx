import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button } from './button.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** The browser's own modal dialog: it holds the focus, closes with Escape and gives the focus back. */
export const Dialog = ({ title, onClose, children }: DialogProps) => {
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const before = document.activeElement
    ref.current?.showModal()
    // Otherwise the button that closes it would have the focus, because it comes first.
    ref.current?.querySelector<HTMLElement>('[data-first]')?.focus()
    // The row that had the focus may have been drawn anew meanwhile; then there is nothing to go back to.
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog ref={ref} aria-labelledby={titleId} onClose={onClose}>
      <div class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <Button bare icon="close" label="Close" onClick={onClose} />
      </div>
      {children}
    </dialog>
  )
}
