import { PosthasteError } from '../../core/errors.ts'
import type { JobError } from '../../core/job.ts'
import { toJobError } from '../../core/job-error.ts'
import type { Ending } from './vessel.ts'

/** What often stands behind a signal; the name alone tells few people anything. */
const MEANINGS: Readonly<Record<string, string>> = {
  SIGABRT: 'the program or a library gave up',
  SIGSEGV: 'a native library touched memory that is not its own',
  SIGBUS: 'a native library touched memory that is not its own',
  SIGILL: 'an instruction that this machine does not know',
  SIGFPE: 'a native library divided by zero',
  SIGTRAP: 'the program or a library gave up',
  SIGKILL: 'someone, or the system for want of memory, ended it',
}

/** The end of a child under a run, in words. No stack: it would be that of the worker. */
export const crashError = (ending: Ending, kind: 'thread' | 'process'): JobError => {
  const { stack: _, ...error } = toJobError(toError(ending, `The ${kind} that ran the job`))
  return error
}

const toError = (ending: Ending, who: string): Error => {
  switch (ending.kind) {
    case 'memory':
      return new PosthasteError('E_CHILD_MEMORY', `${who} ran out of memory: ${ending.what}.`)
    case 'signal': {
      const meaning = MEANINGS[ending.signal]
      const why = meaning === undefined ? '' : ` (${meaning})`
      return new PosthasteError('E_CHILD_CRASHED', `${who} was ended by ${ending.signal}${why}.`)
    }
    case 'exit':
      return new PosthasteError('E_CHILD_CRASHED', `${who} ended by itself with exit code ${ending.code}.`)
    case 'error':
      return new PosthasteError('E_CHILD_CRASHED', `${who} broke: ${toJobError(ending.error).message}`)
  }
}
