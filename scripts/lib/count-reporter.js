import { writeFileSync } from 'node:fs'

/**
 * A Vitest reporter that counts. A file that could not be loaded, a hook that failed and an error outside any test
 * are failures too, although no test case carries them. The counts go to the file named by TEST_COUNTS_FILE.
 */
export default class CountReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        // A test still pending at the end was cut off.
        counts[state === 'pending' ? 'failed' : state] += 1
      }
      counts.failed += module.errors().length
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
    }
    const file = process.env.TEST_COUNTS_FILE
    if (file) writeFileSync(file, JSON.stringify(counts))
  }
}
