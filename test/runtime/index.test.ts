import * as library from 'posthaste'
import { expect, test } from 'vitest'

test('the library gives out these values', () => {
  expect(Object.keys(library).sort()).toEqual([
    'Discard',
    'JOB_STATES',
    'PosthasteError',
    'RetryAfter',
    'blobStore',
    'fileRoot',
    'isBlobHash',
    'isBlobRef',
    'isPosthasteError',
    'newId',
    'posthaste',
    'snooze',
    'task',
  ])
})
