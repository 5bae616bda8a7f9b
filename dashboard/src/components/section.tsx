import type { ComponentChildren } from 'preact'

interface SectionProps {
  readonly title: string
  readonly note?: string
  readonly children: ComponentChildren
}

export const Section = ({ title, note, children }: SectionProps) => (
  <section class="panel">
    <h2>
      {title}
      {note !== undefined && <span class="quiet"> {note}</span>}
    </h2>
    {children}
  </section>
)
