import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT, run as runScript } from '../../scripts/lib/run.js'
import { isBuilt, PACKAGE } from '../../scripts/lib/stamp.js'

/** The real program, as it is built and started by its users. */
const PROGRAM = join(ROOT, 'bin', 'posthaste.js')
const DEADLINE_MS = 15_000
const BUILD_TIMEOUT_MS = 120_000

/** Builds once when the sources are newer than dist/; several test files wait for one build. */
export const ensureBuilt = async (): Promise<void> => {
  const lock = join(ROOT, 'node_modules', '.cache', 'posthaste', 'build.lock')
  mkdirSync(join(lock, '..'), { recursive: true })
  const until = Date.now() + BUILD_TIMEOUT_MS
  while (!isBuilt(PACKAGE)) {
    try {
      mkdirSync(lock)
    } catch {
      if (Date.now() > until)
        throw new Error(`Another build does not end. If none is running, remove ${lock}.`)
      await sleep(200)
      continue
    }
    try {
      const { ok, output } = await runScript([join(ROOT, 'scripts', 'build.js')], {
        timeoutMs: BUILD_TIMEOUT_MS,
      })
      if (!ok) throw new Error(`The build failed.\n${output}`)
      return
    } finally {
      rmSync(lock, { recursive: true })
    }
  }
}

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Started in the place of bin/posthaste.js. */
  readonly program?: string
  /** Given to standard input; otherwise it is empty. */
  readonly input?: string | Uint8Array
}

/** Runs a command to its end. A command that does not end is killed and has failed. */
export const run = async (args: readonly string[], options: RunOptions): Promise<Result> => {
  const child = start(args, options)
  const output = collect(child)
  child.stdin?.on('error', () => undefined).end(options.input ?? '')
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  const code = await ended(child)
  clearTimeout(timer)
  return { code, ...output }
}

/** The answer of a command with --json that succeeded. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about.
export const json = async (args: readonly string[], options: RunOptions): Promise<any> => {
  const { code, stdout, stderr } = await run([...args, '--json'], options)
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

export interface Service {
  readonly child: ChildProcess
  readonly output: { readonly stdout: string; readonly stderr: string }
  /** The first match in what it printed; waits for it. */
  match(pattern: RegExp): Promise<RegExpExecArray>
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  readonly ended: Promise<number | null>
}

const services = new Set<ChildProcess>()

/** Starts a command that stays. `stopAll` ends what a failed test left behind. */
export const launch = (args: readonly string[], options: RunOptions): Service => {
  const child = start(args, options)
  services.add(child)
  const output = collect(child)
  const end = ended(child).finally(() => services.delete(child))
  return {
    child,
    output,
    ended: end,
    async match(pattern) {
      const until = Date.now() + DEADLINE_MS
      for (;;) {
        const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr)
        if (found !== null) return found
        if (child.exitCode !== null || Date.now() > until) {
          throw new Error(`${pattern} was not printed.\n${output.stdout}\n${output.stderr}`)
        }
        await sleep(20)
      }
    },
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return end
    },
  }
}

export const stopAll = async (): Promise<void> => {
  for (const child of services) child.kill('SIGKILL')
  await Promise.all([...services].map(ended))
}

/** An empty folder; `remove` deletes it. */
export const temporaryFolder = (): { readonly path: string; remove(): void } => {
  const path = mkdtempSync(join(tmpdir(), 'posthaste-cli-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

export const exists = (folder: string, file: string): boolean => existsSync(join(folder, file))

const start = (args: readonly string[], { cwd, env = {}, program = PROGRAM }: RunOptions): ChildProcess =>
  spawn(process.execPath, [program, ...args], { cwd, env: { ...process.env, ...env } })

const collect = (child: ChildProcess): { stdout: string; stderr: string } => {
  const output = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  return output
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode)
    else child.once('close', (code) => resolve(code))
  })
