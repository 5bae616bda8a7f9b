import type { Rule } from '../tree.ts'
import { isRule, linesOf } from '../tree.ts'

const isCode = (path: string) => /\.(ts|tsx|js|mjs|sql|lua)$/.test(path) && !isRule(path)

const LEFT_OPEN =
  /\b(TODO|FIXME|XXX|HACK)\b|Error\(['"`]not implemented|\b(it|test|describe)\.(skip|skipIf|only|todo|fails)\b|\.(skip|only)\(/

/** Work left for later belongs into an issue, and a test that does not run proves nothing. */
export const looseEnds: Rule = {
  name: 'nothing is marked as left for later, skipped or focused',
  check: (tree) =>
    [...linesOf(tree, isCode)]
      .filter(({ line }) => LEFT_OPEN.test(line))
      .map(({ at, line }) => `${at}: ${line.trim()}`),
  broken: {
    'src/core/a.ts': "// TODO: later\nthrow new Error('not implemented')",
    'test/core/a.test.ts': "it.skip('works', () => {})\ndescribe.only('x', f)",
  },
  complaints: 4,
  right: { 'src/core/a.ts': "if (state === 'skipped') only(this) // a todo list" },
}

const MAX_LINES = 600

/** A file that a newcomer can read top to bottom. */
export const fileLength: Rule = {
  name: `no source file is longer than ${MAX_LINES} lines`,
  check: (tree) =>
    [...tree]
      .filter(([path]) => path.startsWith('src/') && path.endsWith('.ts') && !path.endsWith('.generated.ts'))
      .map(([path, text]) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path}: ${lines} lines`),
  broken: { 'src/core/a.ts': '\n'.repeat(MAX_LINES + 1) },
  complaints: 1,
  right: {
    'src/core/a.ts': '\n'.repeat(MAX_LINES),
    'src/engines/sqlite/sql.generated.ts': '\n'.repeat(MAX_LINES + 1),
  },
}

/** A library writes through its logger; only the command line owns the terminal. */
export const terminal: Rule = {
  name: 'only the command line writes to the console',
  check: (tree) =>
    [...linesOf(tree, (path) => path.startsWith('src/') && !path.startsWith('src/cli/'))]
      .filter(({ line }) => /\bconsole\.\w+\(/.test(line) && !/^\s*(\*|\/\/)/.test(line))
      .map(({ at, line }) => `${at}: ${line.trim()}`),
  broken: { 'src/runtime/a.ts': 'console.log(1)' },
  complaints: 1,
  right: {
    'src/cli/a.ts': 'console.log(1)',
    'src/runtime/a.ts': ' * ph.on("completed", (job) => console.log(job.id))',
  },
}

/** Delivery is at least once. The stronger promise cannot be kept by anyone, so the words stand only where it is denied. */
export const promise: Rule = {
  name: 'the promise that nobody can keep is made nowhere',
  check(tree) {
    const complaints: string[] = []
    for (const [path, text] of tree) {
      if (isRule(path)) continue
      for (const { index } of text.matchAll(/exactly[\s-]+once/gi)) {
        const before = text.slice(Math.max(0, index - 100), index)
        const sentence = before.slice(before.search(/[.!?:][^.!?:]*$/) + 1)
        if (
          /\b(never|not|no|nor|nobody|none|cannot|without|instead of|rather than)\b|n['’]t\b/i.test(sentence)
        )
          continue
        complaints.push(`${path}:${text.slice(0, index).split('\n').length}: say "at least once", or deny it`)
      }
    }
    return complaints
  },
  broken: {
    'README.md': 'It is not slow. Every job runs exactly once.',
    'src/a.ts': '// Exactly-once delivery',
  },
  complaints: 2,
  right: { 'README.md': 'Delivery is at least once; nobody can promise\nexactly once.' },
}

// Spelled in pieces, or this file would break its own rule.
const MACHINE = new RegExp(
  [
    '(?<![\\w.)}\\]*])/(?:work|root|farm)/',
    '(?<![\\w.)}\\]*])/(?:home|Users)/\\w+',
    'C:\\\\\\\\?Users',
    `\\.\\./shared/`,
    `registry\\.[a-z]+js\\.org`,
    `deb\\.[a-z]+\\.org`,
    `"resolved":`,
  ].join('|'),
)

/** The tree works wherever it lies, and names no machine and no mirror of whoever wrote it. */
export const machines: Rule = {
  name: 'no machine path and no package registry is named',
  check: (tree) =>
    // Continuous integration may look beside the checkout for data.
    [...linesOf(tree, (path) => !isRule(path) && path !== '.ci/run')]
      .filter(({ line }) => MACHINE.test(line))
      .map(({ at, line }) => `${at}: ${line.trim().slice(0, 120)}`),
  broken: {
    'package-lock.json': `  "resolved": "https://mirror.test/zod.tgz"`,
    'docs/a.md': 'cd /home/someone/posthaste',
    'src/a.ts': "open('/root/jobs.db')",
  },
  complaints: 3,
  right: {
    'docs/a.md': 'POST /v1/worker/claim, see src/root/a.ts and `omit-lockfile-registry-resolved=true`',
  },
}
