import { expect, test } from 'vitest'
import { TASK_VERSION_MAX } from '../../src/core/limits.ts'
import { storedTask, taskName, taskVersion } from '../../src/core/task-name.ts'

test.each([1, 2, 37, TASK_VERSION_MAX])('version %i comes back with its name', (version) => {
  const stored = storedTask('mail:welcome.1', version)
  expect(taskVersion(stored)).toEqual({ name: 'mail:welcome.1', version })
  expect(taskName(stored)).toBe('mail:welcome.1')
})

test('the first version is stored under the plain name', () => {
  expect(storedTask('greet', 1)).toBe('greet')
})

test.each(['greet@', 'greet@x', 'greet@0', 'greet@1.5', 'greet@99999'])(
  'what another program stored as %s is shown as it is',
  (stored) => {
    expect(taskVersion(stored)).toEqual({ name: stored, version: 1 })
  },
)
