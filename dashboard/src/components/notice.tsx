import type { ComponentChildren } from 'preact'
import type { Problem } from '../api/client.ts'
import { Icon } from './icon.tsx'

/** Something went wrong with what this part of the page shows. */
export const ProblemNotice = ({ problem }: { readonly problem: Problem | null }) =>
  problem === null ? null : (
    <div class="notice problem" role="alert">
      <Icon name="alert" />
      <p>
        {problem.message} <span class="quiet">{problem.remedy}</span>
      </p>
    </div>
  )

interface EmptyProps {
  readonly title: string
  /** It is all that the page has to say, and so its heading. */
  readonly alone?: boolean
  readonly children?: ComponentChildren
}

/** Nothing is here; says why, and what would bring something. */
export const Empty = ({ title, alone = false, children }: EmptyProps) => (
  <div class="empty">
    {alone ? <h1>{title}</h1> : <h2>{title}</h2>}
    {children}
  </div>
)
