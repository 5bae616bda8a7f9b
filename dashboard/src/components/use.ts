import { useEffect, useLayoutEffect } from 'preact/hooks'
import { addKeys, type KeyAction } from '../state/keys.ts'

/** Keys that work while the component is shown. */
export const useKeys = (actions: readonly KeyAction[]): void => {
  // The keys of a view never change: what they do reads signals when they are pressed.
  useLayoutEffect(() => addKeys(actions), [])
}

export const useTitle = (title: string): void => {
  useEffect(() => {
    document.title = `${title} · Posthaste`
  }, [title])
}
