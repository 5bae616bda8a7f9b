import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { JOB_STATES, type JobState, STATES } from '../../../src/core/states.ts'
import { compact, count } from '../lib/time.ts'
import { changeView, JOBS_PATH, view } from '../state/jobs.ts'
import { place } from '../state/router.ts'
import { stats } from '../state/stats.ts'
import { COLUMNS, type SortColumn } from './columns.ts'
import { Icon } from './icon.tsx'
import { countsOf } from './known-total.ts'

export const Filters = () => (
  <search class="filters">
    <StateFilter />
    <div class="filter-row">
      <SearchBox />
      <NameFilter name="queue" names={stats.value?.queues.map(({ queue }) => queue) ?? []} />
      <NameFilter name="task" names={stats.value?.tasks.map(({ task }) => task) ?? []} />
      <SortFilter />
      {place.value.query.size > 0 && (
        <a class="button" href={JOBS_PATH}>
          Clear
        </a>
      )}
    </div>
  </search>
)

/** One button a state, with its number of jobs; several may be pressed. */
const StateFilter = () => {
  const { states, queue, task } = view.value
  const counts = countsOf(stats.value, { queue, task })
  const toggle = (state: JobState): void =>
    changeView({
      states: states.includes(state) ? states.filter((one) => one !== state) : [...states, state],
    })
  return (
    <fieldset class="chips">
      <legend class="sr-only">State</legend>
      <button
        type="button"
        class="chip"
        aria-pressed={states.length === 0}
        onClick={() => changeView({ states: [] })}
      >
        all <Count number={counts?.total} />
      </button>
      {JOB_STATES.map((state) => (
        <button
          key={state}
          type="button"
          class="chip"
          data-state={state}
          title={STATES[state].means}
          aria-pressed={states.includes(state)}
          onClick={() => toggle(state)}
        >
          {state} <Count number={counts?.states[state]} />
        </button>
      ))}
    </fieldset>
  )
}

const Count = ({ number }: { readonly number: number | undefined }) =>
  number === undefined ? null : (
    <span class="chip-count" title={count(number)}>
      {compact(number)}
    </span>
  )

const TYPING_MS = 250
const typed = signal('')

/** What is typed waits for a pause before it is searched for. */
const SearchBox = () => {
  const input = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const { search } = view.value
  useEffect(() => {
    // Another address was opened; what is being typed is not overwritten.
    if (document.activeElement !== input.current) typed.value = search
  }, [search])
  const searchFor = (text: string): void => {
    typed.value = text
    clearTimeout(timer.current)
    timer.current = setTimeout(
      () => changeView({ search: text.trim() }, { replace: search !== '' }),
      TYPING_MS,
    )
  }
  return (
    <label class="search">
      <span class="sr-only">Search</span>
      <Icon name="search" />
      <input
        ref={input}
        id="search"
        type="search"
        placeholder="Search ids, tasks, keys, payloads, errors"
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        maxLength={500}
        value={typed.value}
        onInput={(event) => searchFor(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' || event.key === 'Enter') {
            event.currentTarget.blur()
            document.querySelector<HTMLElement>('[data-row] a.row-link')?.focus()
          }
        }}
      />
    </label>
  )
}

const NameFilter = ({
  name,
  names,
}: {
  readonly name: 'queue' | 'task'
  readonly names: readonly string[]
}) => {
  const value = view.value[name]
  // What the address asks for is offered even when nothing has this name any more.
  const options = value === '' || names.includes(value) ? names : [value, ...names]
  return (
    <div class="select">
      <select
        aria-label={name}
        value={value}
        onChange={(event) => changeView({ [name]: event.currentTarget.value })}
      >
        <option value="">every {name}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Where the heads of the table are too narrow to sort by. */
const SortFilter = () => (
  <div class="select sort">
    <select
      aria-label="Sort"
      value={view.value.sort}
      onChange={(event) => changeView({ sort: event.currentTarget.value })}
    >
      {(Object.keys(COLUMNS) as SortColumn[]).flatMap((column) => [
        <option key={column} value={column}>{`${COLUMNS[column].label} ↑`}</option>,
        <option key={`-${column}`} value={`-${column}`}>
          {`${COLUMNS[column].label} ↓`}
        </option>,
      ])}
    </select>
  </div>
)
