/** What the table can be sorted by, as the API names it, in the order of its columns. */
export const COLUMNS = {
  state: { label: 'State', first: 'up' },
  task: { label: 'Task', first: 'up' },
  id: { label: 'Id', first: 'down' },
  queue: { label: 'Queue', first: 'up' },
  priority: { label: 'Priority', first: 'up' },
  attempt: { label: 'Attempts', first: 'down' },
  createdAt: { label: 'Created', first: 'down' },
  runAt: { label: 'Due', first: 'down' },
  startedAt: { label: 'Started', first: 'down' },
  finishedAt: { label: 'Finished', first: 'down' },
} as const satisfies Record<string, { readonly label: string; readonly first: 'up' | 'down' }>

export type SortColumn = keyof typeof COLUMNS

/** The sort after a click on the head of a column: its natural direction first, then the other. */
export const nextSort = (column: SortColumn, sort: string): string => {
  if (sort === column) return `-${column}`
  if (sort === `-${column}`) return column
  return COLUMNS[column].first === 'up' ? column : `-${column}`
}

export const ariaSort = (column: SortColumn, sort: string): 'ascending' | 'descending' | undefined => {
  if (sort === column) return 'ascending'
  return sort === `-${column}` ? 'descending' : undefined
}
