import { type Config, describeConfig } from '../../core/config.ts'
import { formatDuration } from '../../core/durations.ts'
import type { ArchiveStatus } from '../../engines/archived.ts'
import type { EngineInfo } from '../../engines/engine.ts'
import type { PackGreeting } from '../../runtime/pack.ts'
import type { Terminal } from './terminal.ts'
import { count, padEnd, plain, widthOf } from './text.ts'

const LABEL_WIDTH = 9

/** What a process that stays says of itself. */
export interface Banner {
  readonly version: string
  readonly config: Config
  readonly engine: EngineInfo
  readonly archive: ArchiveStatus | null
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
export const durabilityText = ({ kind, durability, lossMs }: EngineInfo): string => {
  const bound = lossMs === undefined ? '' : `, which may take the last ${formatDuration(lossMs)}`
  if (durability === 'system') return 'jobs survive a crash and a power failure'
  if (durability === 'process') return `jobs survive a crash of the process, not of the machine${bound}`
  return kind === 'memory'
    ? 'nothing survives the end of this process'
    : 'a crash of the server loses what it has not saved (turn appendonly on)'
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
  const row = (label: string, text: string, note = '', paint = (plainText: string) => plainText): void => {
    const head = `  ${dim(padEnd(label, LABEL_WIDTH))} `
    const isLong =
      LABEL_WIDTH + 3 + widthOf(`${text}  ${note}`) > (terminal.width ?? Number.POSITIVE_INFINITY)
    terminal.print(`${head}${paint(text)}${note === '' || isLong ? '' : `  ${dim(note)}`}`)
    if (note !== '' && isLong) terminal.print(`${' '.repeat(LABEL_WIDTH + 3)}${dim(note)}`)
  }

  terminal.print(`${green('●')} ${bold(`Posthaste ${banner.version}`)} is running`)
  terminal.print()
  if (url !== null) {
    row('API', url, '', cyan)
    row('Dashboard', `${url}/dashboard`, '', cyan)
  }
  for (const { label, text } of greetings) {
    const [, address = '', note = ''] = /^(https?:\/\/\S+)\s*(.*)$/.exec(plain(text)) ?? []
    if (address === '') row(label, plain(text))
    else row(label, address, note, cyan)
  }
  row('Store', `${engine.kind} ${plain(engine.location)}`, durabilityText(engine))
  if (banner.archive !== null)
    row(
      'Archive',
      `${banner.archive.kind} ${plain(banner.archive.location)}`,
      'finished jobs are moved there',
    )
  if (workers === null) {
    row('Workers', 'none in this process', `start some: ${terminal.program} worker`)
  } else {
    const queues = workers.queues === null ? 'all queues' : `queues ${workers.queues.join(', ')}`
    row('Workers', count(workers.concurrency, 'job at a time', 'jobs at a time'), queues)
    row('Tasks', tasks.join(', '))
  }
  settings.forEach(({ name, value, source }, index) => {
    row(index === 0 ? 'Settings' : '', `${name} = ${plain(value)}`, source)
  })
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
