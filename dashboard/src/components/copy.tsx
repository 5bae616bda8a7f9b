import { signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { tellProblem } from '../state/toasts.ts'
import { Button } from './button.tsx'

const DONE_MS = 1_500

/** Copies a text. The clipboard belongs to secure pages: on others the reader is told to select the text. */
export const CopyButton = ({ text, what }: { readonly text: string; readonly what: string }) => {
  const isDone = useMemo(() => signal(false), [])
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      isDone.value = true
      setTimeout(() => {
        isDone.value = false
      }, DONE_MS)
    } catch {
      tellProblem({ message: 'The browser does not let this page copy.', remedy: 'Select the text instead.' })
    }
  }
  return (
    <Button
      bare
      icon={isDone.value ? 'check' : 'copy'}
      label={isDone.value ? 'Copied' : `Copy ${what}`}
      onClick={copy}
    />
  )
}

/** A command to be copied. */
export const Command = ({ text }: { readonly text: string }) => (
  <div class="command">
    <code>{text}</code>
    <CopyButton text={text} what="command" />
  </div>
)
