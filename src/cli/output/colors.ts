import pc from 'picocolors'
import type { JobState } from '../../core/states.ts'

export type Colors = ReturnType<typeof pc.createColors>

interface ColorEnvironment {
  readonly NO_COLOR?: string | undefined
  readonly FORCE_COLOR?: string | undefined
  readonly TERM?: string | undefined
}

/** Colours only for a terminal, never against NO_COLOR; FORCE_COLOR wins over the missing terminal. */
export const colorsFor = (isTerminal: boolean, env: ColorEnvironment): Colors => {
  if ((env.NO_COLOR ?? '') !== '') return pc.createColors(false)
  if ((env.FORCE_COLOR ?? '') !== '') return pc.createColors(env.FORCE_COLOR !== '0')
  return pc.createColors(isTerminal && env.TERM !== 'dumb')
}

interface StateLook {
  /** Tells states apart without colours. One column wide in every terminal font. */
  readonly symbol: string
  readonly color: 'yellow' | 'blue' | 'cyan' | 'green' | 'red' | 'gray' | 'magenta'
}

const LOOKS: { readonly [S in JobState]: StateLook } = {
  blocked: { symbol: '‖', color: 'magenta' },
  scheduled: { symbol: '○', color: 'blue' },
  ready: { symbol: '●', color: 'blue' },
  running: { symbol: '▸', color: 'cyan' },
  retrying: { symbol: '↻', color: 'yellow' },
  completed: { symbol: '✓', color: 'green' },
  cancelled: { symbol: '⊘', color: 'gray' },
  dead: { symbol: '✗', color: 'red' },
}

/** '✓ completed', without colours: for measuring. */
export const stateText = (state: JobState): string => `${LOOKS[state].symbol} ${state}`

export const paintState = (colors: Colors, state: JobState, text: string): string =>
  colors[LOOKS[state].color](text)
