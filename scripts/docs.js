/**
 * `npm run docs`: writes every page and module that is made from a table in the code. A test compares them with what
 * the tables say now. Needs a build (`npm run build`), because this Node may not read TypeScript.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { luaModules } from './embed-lua.js'
import { sqlModules, writeChanged } from './embed-sql.js'
import { readResults, renderGuarantees } from './guarantees.js'
import { ROOT } from './lib/run.js'

/** @typedef {Record<string, { message: string, status: number, retriable: boolean, remedy: string }>} ErrorTable */
/** @typedef {Record<string, { means: string, live: boolean, heritage: Record<string, string> }>} StateTable */
/** @typedef {Record<string, { by: string, means: string }>} EventTable */
/** @typedef {Record<string, { readonly [from: string]: readonly string[] | undefined }>} TransitionTable */
/**
 * @typedef {object} Setting
 * @property {string} name
 * @property {string | null} env
 * @property {readonly { env: string, unit: string | null }[]} aliases
 * @property {string | null} flag
 * @property {string | null} default
 * @property {string | null} unit
 * @property {string} meaning
 * @property {boolean} secret
 */
/** @typedef {{ STATES: StateTable, EVENTS: EventTable, TRANSITIONS: TransitionTable }} Life */

/** @param {string} source */
const notice = (source) => `<!-- Generated from ${source} by \`npm run docs\`. Do not edit. -->`

/** @param {readonly (readonly string[])[]} rows  The first one is the head. */
function table([head = [], ...rows]) {
  /** @param {readonly string[]} cells */
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/**
 * docs/errors.md. One heading a code, so that an error can link to its own explanation.
 *
 * @param {ErrorTable} errors
 */
export function renderErrors(errors) {
  const sections = Object.entries(errors).map(([code, { message, status, retriable, remedy }]) => {
    const again = retriable ? 'the same call may succeed later' : 'the same call will fail again'
    return `## ${code}\n\n${message} ${remedy}\n\nHTTP status ${status}; ${again}.`
  })
  return `${notice('src/core/errors.ts')}

# Errors

Every error that Posthaste raises has one of these codes. Programs should test the code; the message names the field
or the file concerned and may be worded differently tomorrow. Over HTTP an error is a problem document (RFC 9457) whose
\`code\` is the same; on the command line it is one line.

${sections.join('\n\n')}
`
}

/**
 * docs/states.md.
 *
 * @param {Life} life
 */
export function renderStates({ STATES, EVENTS, TRANSITIONS }) {
  const moves = Object.entries(TRANSITIONS).flatMap(([event, byState]) =>
    Object.entries(byState).flatMap(([from, to]) => (to ?? []).map((state) => ({ event, from, to: state }))),
  )
  // A diagram of every edge would be unreadable: the edges between two states share an arrow.
  const arrows = new Map()
  for (const { event, from, to } of moves) {
    const ends = `${from === 'none' ? '[*]' : from} --> ${to === 'removed' ? '[*]' : to}`
    if (to !== 'removed') arrows.set(ends, [...(arrows.get(ends) ?? []), event])
  }
  const old = Object.keys(Object.values(STATES)[0]?.heritage ?? {})
  /** @param {string} key */
  const title = (key) =>
    key.replace(/^./, (letter) => letter.toUpperCase()).replaceAll(/([a-z])([A-Z])/g, '$1 $2')

  return `${notice('src/core/states.ts')}

# States of a job

A job is in one of ${Object.keys(STATES).length} states. A live job still has something to do; a finished one is kept as history until its retention
ends.

${table([
  ['State', 'Meaning', ''],
  ...Object.entries(STATES).map(([name, { means, live }]) => [name, means, live ? 'live' : 'finished']),
])}

\`\`\`mermaid
stateDiagram-v2
${[...arrows].map(([ends, events]) => `  ${ends}: ${events.join(', ')}`).join('\n')}
\`\`\`

## Events

${table([
  ['Event', 'Caused by', 'Meaning'],
  ...Object.entries(EVENTS).map(([name, { by, means }]) => [name, by, means]),
])}

## Transitions

What may follow when an event meets a job in a state. An empty cell means that the event is refused and changes
nothing. *none* is a job that does not exist yet; *removed* is one that is no more.

${table([
  ['', ...['none', ...Object.keys(STATES)]],
  ...Object.entries(TRANSITIONS).map(([event, byState]) => [
    event,
    ...['none', ...Object.keys(STATES)].map((from) => (byState[from] ?? []).join(', ')),
  ]),
])}

## The words of older systems

${table([
  ['State', ...old.map(title)],
  ...Object.entries(STATES).map(([name, { heritage }]) => [name, ...old.map((key) => heritage[key] ?? '')]),
])}
`
}

/**
 * docs/configuration.md.
 *
 * @param {readonly Setting[]} settings
 */
export function renderConfiguration(settings) {
  /** @param {string | null} text */
  const code = (text) => (text === null ? '—' : `\`${text}\``)
  const sections = settings.map((setting) => {
    const rows = [
      ['In the configuration file', code(setting.name)],
      ['Environment variable', code(setting.env)],
      ...setting.aliases.map(({ env, unit }) => ['Also read', `${code(env)}${unit ? ` (in ${unit})` : ''}`]),
      ['Command line', code(setting.flag)],
      ['Default', code(setting.default)],
      ...(setting.unit ? [['Unit', setting.unit]] : []),
    ]
    const secret = setting.secret ? '\n\nA secret: it is masked wherever settings are shown.' : ''
    return `## ${setting.name}\n\n${setting.meaning}${secret}\n\n${table([['Where', 'Name or value'], ...rows])}`
  })
  return `${notice('src/core/settings.ts')}

# Configuration

The command line wins over the environment, the environment over the configuration file, the file over the defaults.
An empty variable counts as not set. A setting that is unknown or wrong is named, and nothing starts.

${sections.join('\n\n')}
`
}

/**
 * Every generated page, given the modules it is made from.
 *
 * @param {{ ERRORS: ErrorTable }} errors
 * @param {Life} life
 * @param {{ SETTINGS: readonly Setting[] }} settings
 */
export function pages(errors, life, settings) {
  return [
    { path: 'docs/errors.md', text: renderErrors(errors.ERRORS) },
    { path: 'docs/states.md', text: renderStates(life) },
    { path: 'docs/configuration.md', text: renderConfiguration(settings.SETTINGS) },
  ]
}

if (process.argv[1] === import.meta.filename) {
  /** @param {string} name */
  const built = (name) => {
    const file = join(ROOT, 'dist', `${name}.js`)
    if (existsSync(file)) return import(pathToFileURL(file).href)
    console.error('Not built yet. Run: npm run build')
    process.exit(1)
  }
  mkdirSync(join(ROOT, 'docs'), { recursive: true })
  const tables = await Promise.all([
    built('core/errors'),
    built('core/states'),
    built('core/settings'),
    built('engines/conformance/guarantees'),
  ])
  const files = [
    ...sqlModules(),
    ...luaModules(),
    ...pages(tables[0], tables[1], tables[2]),
    { path: 'docs/guarantees.md', text: renderGuarantees(tables[3].GUARANTEES, readResults()) },
  ]
  for (const path of writeChanged(files)) console.log(`wrote ${path}`)
}
