import { signal } from '@preact/signals'
import { getTasks } from '../api/calls.ts'
import { asProblem, type Problem } from '../api/client.ts'
import type { WireTask } from '../api/types.ts'

/** The tasks that the server knows, by name; null before the first answer. */
export const tasks = signal<readonly WireTask[] | null>(null)
export const tasksProblem = signal<Problem | null>(null)

/** They change only with the program: read when a page that shows them is opened. */
export const loadTasks = async (): Promise<void> => {
  try {
    tasks.value = (await getTasks()).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    tasksProblem.value = null
  } catch (error) {
    tasksProblem.value = asProblem(error)
  }
}

/** The form for a job of this task. */
export const addHref = (task: string): string => `/dashboard/add?${new URLSearchParams({ task })}`
