// The module of an isolated task: a child process imports it, so it defines tasks and does nothing else.
import { task } from 'posthaste'

export const countWords = task({
  name: 'count-words',
  isolate: 'process',
  module: import.meta.url,
  memoryMb: 128,
  timeout: '10s',
  retry: { maxRetries: 5, backoff: { base: '20ms', factor: 1, jitter: 0 } },
  run: ({ text }, ctx) => {
    if (text === 'crash') process.abort()
    ctx.progress({ characters: text.length })
    console.log('what a handler prints is in the log of its job')
    return { words: text.split(/\s+/).length }
  },
})
