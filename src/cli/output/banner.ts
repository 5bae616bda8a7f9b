import { type Config, describeConfig } from '../../core/config.ts'
import { formatDuration } from '../../core/durations.ts'
import type { EngineInfo } from '../../engines/engine.ts'
import type { PackGreeting } from '../../runtime/pack.ts'
import type { Terminal } from './terminal.ts'
import { padEnd, plain } from './text.ts'

/** What a process that stays says of itself. */
export interface Banner {
  readonly version: string
  readonly config: Config
  readonly engine: EngineInfo
  /** How far the store's clock is from ours. */
  readonly clockOffsetMs: number
  /** Where the API is, or null when this process has none. */
  readonly url: string | null
  readonly greetings: readonly PackGreeting[]
  /** Null: this process runs no jobs. */
  readonly workers: { readonly concurrency: number; readonly queues: readonly string[] | null } | null
  readonly tasks: readonly string[]
  readonly graceMs: number
}

/** What survives, in words. */
export const DURABILITY: { readonly [D in EngineInfo['durability']]: string } = {
  none: 'nothing survives the end of this process',
  process: 'jobs survive a crash of the process, not of the machine',
  system: 'jobs survive a crash and a power failure',
}

/** A difference of the clocks that deserves a warning: delays are counted by the store's. */
export const CLOCK_OFFSET_MAX_MS = 2_000

export const printBanner = (terminal: Terminal, banner: Banner): void => {
  const { config, engine, url, greetings, workers, tasks } = banner
  const settings = describeConfig(config).filter(({ source }) => source !== 'default')
  if (terminal.json) {
    const { version, clockOffsetMs } = banner
    terminal.printJson({
      event: 'started',
      version,
      url,
      engine,
      clockOffsetMs,
      workers,
      tasks,
      settings: describeConfig(config),
    })
    return
  }
  const { bold, cyan, dim, green, yellow } = terminal.colors
  const rows: (readonly [label: string, text: string])[] = []
  if (url !== null) rows.push(['API', cyan(url)])
  for (const { label, text } of greetings) rows.push([label, highlightUrl(plain(text), cyan, dim)])
  rows.push(['Store', `${engine.kind} ${plain(engine.location)}  ${dim(DURABILITY[engine.durability])}`])
  rows.push([
    'Workers',
    workers === null
      ? `none here  ${dim(`start some: ${terminal.program} worker`)}`
      : `${workers.concurrency} jobs at a time  ${dim(workers.queues === null ? 'all queues' : `queues ${workers.queues.join(', ')}`)}`,
  ])
  if (workers !== null) rows.push(['Tasks', tasks.join(', ')])
  settings.forEach(({ name, value, source }, index) => {
    rows.push([index === 0 ? 'Settings' : '', `${name} = ${plain(value)}  ${dim(source)}`])
  })

  terminal.print(`${green('●')} ${bold(`Posthaste ${banner.version}`)} is running`)
  terminal.print()
  for (const [label, text] of rows) terminal.print(`  ${dim(padEnd(label, 9))} ${text}`)
  terminal.print()
  if (Math.abs(banner.clockOffsetMs) > CLOCK_OFFSET_MAX_MS) {
    terminal.print(
      yellow(
        `The clock of the store differs from this machine's by ${formatDuration(Math.abs(banner.clockOffsetMs))}: set the clocks.`,
      ),
    )
  }
  terminal.print(dim(`Ctrl-C stops it; running jobs then get ${formatDuration(banner.graceMs)} to end.`))
}

const highlightUrl = (
  text: string,
  url: (text: string) => string,
  rest: (text: string) => string,
): string => {
  const match = /^(https?:\/\/\S+)(.*)$/.exec(text)
  return match === null ? text : `${url(match[1] ?? '')} ${rest((match[2] ?? '').trim())}`.trimEnd()
}
