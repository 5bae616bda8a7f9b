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

/** Nothing is here; says why, and what would bring something. */
export const Empty = ({
  title,
  children,
}: {
  readonly title: string
  readonly children?: ComponentChildren
}) => (
  <div class="empty">
    <h2>{title}</h2>
    {children}
  </div>
)
