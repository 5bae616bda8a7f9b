import type { Rule, Tree } from '../tree.ts'
import { linesOf } from '../tree.ts'

/** What Windows does not have, or does differently without saying so. */
const POSIX_ONLY: readonly (readonly [RegExp, string])[] = [
  [/\bprocess\.(get|set)(e?[ug]id|groups)\b/, 'users and groups by number'],
  [/\bprocess\.umask\b|\bf?l?ch(mod|own)(Sync)?\(|\bmode: ?0o/, 'file modes'],
  [/\b(sym)?link(Sync)?\(|\bmkfifo\b/, 'links and pipes in the file system'],
  [/['"`](\/tmp|\/var|\/dev|\/etc|\/proc|\/usr|\/bin)\b/, 'a fixed folder'],
  [/\bSIG(USR[12]|HUP|QUIT|CHLD|CONT|STOP|TSTP|WINCH)\b/, 'a signal'],
  [/\bexec(Sync)?\b.*from 'node:child_process'|['"`](ba)?sh['"`]|['"`]-c['"`]|\bshell: ?true/, 'a shell'],
  [/\bkill\(-/, 'a process group'],
  [
    /\$\{[^}]*(dir|path|folder|root|home|cwd)[^}]*\}\/|\b(dir|folder|cwd\(\)|homedir\(\)|tmpdir\(\)) ?\+ ?['"`]\//i,
    'a path joined by hand',
  ],
]

const MARK = /\/\/ posix: ?(.*)$/

interface Finding {
  readonly at: string
  readonly line: string
  /** Empty when nothing on the marked lines is for POSIX systems alone. */
  readonly what: string
  readonly reason: string | undefined
}

/** A mark at the end of a line is for this line; one on a line of its own is for the lines below, up to a blank one. */
function findings(tree: Tree): Finding[] {
  const found: Finding[] = []
  const inProduct = (path: string) =>
    /^(src|bin)\//.test(path) && /\.(ts|js)$/.test(path) && !/\.generated\.ts$/.test(path)
  let above: { path: string; at: string; reason: string; used: boolean } | undefined
  const closeMark = () => {
    if (above && !above.used)
      found.push({ at: above.at, line: 'the lines below the mark', what: '', reason: above.reason })
    above = undefined
  }
  for (const { at, path, line } of linesOf(tree, inProduct)) {
    if (line.trim() === '' || above?.path !== path) closeMark()
    const mark = line.match(MARK)?.[1]?.trim()
    if (/^\s*(\*|\/\/|\/\*)/.test(line)) {
      if (mark !== undefined) above = { path, at, reason: mark, used: false }
      continue
    }
    const what = POSIX_ONLY.find(([pattern]) => pattern.test(line.replace(MARK, '')))?.[1]
    if (what !== undefined && above) above.used = true
    const reason = mark ?? (what === undefined ? undefined : above?.reason)
    if (what !== undefined || mark !== undefined)
      found.push({ at, line: line.trim(), what: what ?? '', reason })
  }
  closeMark()
  return found
}

/** The lines that were allowed, for whoever ports Posthaste: place, kind and reason. */
export const allowedPosix = (tree: Tree): string[] =>
  findings(tree)
    .filter(({ reason }) => reason !== undefined)
    .map(({ at, what, reason }) => `${at}: ${what}: ${reason}`)

/** Posthaste runs on Linux, macOS and Windows. */
export const portable: Rule = {
  name: 'what works on POSIX systems alone carries its reason',
  check: (tree) =>
    findings(tree).flatMap(({ at, line, what, reason }) => {
      if (what === '') return [`${at}: marked as POSIX-only, but nothing on the line is: ${line}`]
      return reason === undefined || reason === ''
        ? [`${at}: ${what}; make it portable, or mark it with // posix: and why`]
        : []
    }),
  broken: {
    'src/a.ts': [
      'if (process.getuid() === 0) stop()',
      'await chmod(file, 0o600)',
      "const file = '/tmp/jobs.db'",
      "process.on('SIGUSR2', dump)",
      "spawn('sh', ['-c', line])",
      'open(`${folder}/jobs.db`)',
      'chmod(file, mode) // posix:',
      'plain() // posix: nothing here is',
      '// posix: too far away',
      '',
      'chmod(file, 0o600)',
    ].join('\n'),
  },
  complaints: 10,
  right: {
    'src/a.ts': [
      'chmod(file, mode) // posix: Windows keeps its own access lists; ignored there',
      '// posix: other users of the machine; Windows has rules of its own for that',
      'mkdir(folder, { mode: 0o700 })',
      'const file = newFile()',
      'write(file, bytes, { mode: 0o600 })',
      '',
      " * never '/tmp' in a comment",
      'open(join(folder, "jobs.db"))',
      "process.on('SIGTERM', stop)",
      'router.get(`/v1/jobs/${id}`)',
      'exec(sql: string): void',
    ].join('\n'),
    'test/a.test.ts': "process.kill(pid, 'SIGUSR1')",
  },
}
