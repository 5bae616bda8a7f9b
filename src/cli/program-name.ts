import { basename, relative } from 'node:path'

/**
 * How the person at this terminal calls the program, for hints that can be copied: `posthaste` where it is installed,
 * `node bin/posthaste.js` in a checkout.
 */
export const programName = (script: string | undefined = process.argv[1], folder = process.cwd()): string =>
  script === undefined || basename(script) !== 'posthaste.js' || script.includes('node_modules')
    ? 'posthaste'
    : `node ${relative(folder, script)}`
