import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The checkout that these scripts belong to. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * @typedef {object} RunResult
 * @property {boolean} ok       The program ended by itself with exit code 0.
 * @property {string} output    What it printed, when it was not shown at once.
 * @property {number} seconds   How long it took.
 */

/**
 * Runs a Node program in the checkout and waits for its end. Never throws: a program that cannot be started or that
 * outlives `timeoutMs` counts as failed.
 *
 * @param {readonly string[]} args      The program's file and its arguments.
 * @param {object} [options]
 * @param {boolean} [options.show]      Show its output at once instead of collecting it (default false).
 * @param {number} [options.timeoutMs]  Default ten minutes.
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {boolean} [options.shell]     Let the shell find the program (Windows, for `npm`).
 * @param {string} [options.program]    Default: this Node.
 * @returns {Promise<RunResult>}
 */
export function run(args, options = {}) {
  const { show = false, timeoutMs = 600_000, env = process.env, shell = false } = options
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(options.program ?? process.execPath, [...args], {
      cwd: ROOT,
      env,
      shell,
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    })
    // A script that is told to stop takes its children along; nothing stays behind.
    /** @param {NodeJS.Signals} signal */
    const stop = (signal) => {
      child.once('close', () => process.exit(signal === 'SIGINT' ? 130 : 143))
      child.kill(signal)
    }
    process.on('SIGINT', stop).on('SIGTERM', stop)
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    child.stderr?.on('data', (chunk) => (output += chunk))
    const timer = setTimeout(() => {
      output += `\nStopped after ${Math.round(timeoutMs / 1000)} s.`
      child.kill('SIGKILL')
    }, timeoutMs)
    /** @param {boolean} ok */
    const finish = (ok) => {
      clearTimeout(timer)
      process.off('SIGINT', stop).off('SIGTERM', stop)
      resolve({ ok, output: output.trim(), seconds: (performance.now() - started) / 1000 })
    }
    child.on('error', (error) => {
      output += error.message
      finish(false)
    })
    child.on('close', (code) => finish(code === 0))
  })
}

/**
 * Ends the script with one clear line when this Node is too old to run anything here.
 */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  console.error(`Posthaste needs Node.js 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(78)
}

/** @param {number} seconds */
export const inSeconds = (seconds) => `${seconds.toFixed(1)} s`
