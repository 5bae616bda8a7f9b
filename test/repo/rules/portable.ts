import type { Rule, Tree } from '../tree.ts'
import { linesOf } from '../tree.ts'

/** What Windows does not have, or does differently without saying so. */
const POSIX_ONLY: readonly (readonly [RegExp, string])[] = [
  [/\bprocess\.(get|set)(e?[ug]id|groups)\b/, 'users and groups by number'],
  [/\bprocess\.umask\b|\bf?l?ch(mod|own)(Sync)?\(|\bmode: ?0o/, 'file modes'],
  [/\b(sym)?link(Sync)?\(|\bmkfifo\b/, 'links and pipes in the file system'],
  [/['"`](\/tmp|\/var|\/dev|\/etc|\/proc|\/usr|\/bin)\b/, 'a fixed folder'],
  [/\bSIG(USR[12]|HUP|QUIT|CHLD|CONT|STOP|TSTP|WINCH)\b/, 'a signal'],
  [/(?<![.\w])(exec|execSync)\(|['"`](ba)?sh['"`]|['"`]-c['"`]|\bshell: ?true/, 'a shell'],
  [/\bkill\(-/, 'a process group'],
  [
    /\$\{[^}]*(dir|path|folder|root|home|cwd)[^}]*\}\/|\b(dir|folder|cwd\(\)|homedir\(\)|tmpdir\(\)) ?\+ ?['"`]\//i,
    'a path joined by hand',
  ],
]

const MARK = /\/\/ posix: (.*)$/

function findings(tree: Tree): { at: string; line: string; what: string; reason: string | undefined }[] {
  const inProduct = (path: string) =>
    /^(src|bin)\//.test(path) && /\.(ts|js)$/.test(path) && !/\.generated\.ts$/.test(path)
  return [...linesOf(tree, inProduct)].flatMap(({ at, line }) => {
    if (/^\s*(\*|\/\/|\/\*\*)/.test(line)) return []
    const what = POSIX_ONLY.find(([pattern]) => pattern.test(line.replace(MARK, '')))?.[1]
    const reason = line.match(MARK)?.[1]?.trim()
    return what === undefined && reason === undefined
      ? []
      : [{ at, line: line.trim(), what: what ?? '', reason }]
  })
}

/** The lines that were allowed, for whoever ports Posthaste: place, kind and reason. */
export const allowedPosix = (tree: Tree): string[] =>
  findings(tree)
    .filter(({ reason }) => reason !== undefined)
    .map(({ at, what, reason }) => `${at}: ${what}: ${reason}`)

/** Posthaste runs on Linux, macOS and Windows. */
export const portable: Rule = {
  name: 'what works on POSIX systems alone carries its reason on the line',
  check: (tree) =>
    findings(tree).flatMap(({ at, line, what, reason }) => {
      if (what === '') return [`${at}: marked as POSIX-only, but nothing on the line is: ${line}`]
      return reason === undefined || reason === ''
        ? [`${at}: ${what}; make it portable, or end it with // posix: and why`]
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
    ].join('\n'),
  },
  complaints: 8,
  right: {
    'src/a.ts': [
      'chmod(file, mode) // posix: Windows keeps its own access lists; ignored there',
      " * never '/tmp' in a comment",
      'open(join(folder, "jobs.db"))',
      "process.on('SIGTERM', stop)",
      'router.get(`/v1/jobs/${id}`)',
      'pattern.exec(text)',
    ].join('\n'),
    'test/a.test.ts': "process.kill(pid, 'SIGUSR1')",
  },
}
