import { dirname, join, resolve } from 'node:path'
import type { Config } from '../core/config.ts'
import { PosthasteError } from '../core/errors.ts'
import { loadModule } from '../runtime/load-module.ts'
import type { Pack } from '../runtime/pack.ts'
import type { AnyTask, Isolation } from '../runtime/task.ts'

/** What the program runs: packs that come with it, and what the user's file brings. */
export interface Work {
  readonly packs: readonly Pack[]
  readonly tasks: readonly AnyTask[]
}

/**
 * The packs that come with the program.
 * @throws E_MAIL_CONFIG or E_CONFIG when mail or httpAllow are configured wrongly
 */
export const builtInPacks = async (config: Config): Promise<Pack[]> => {
  const [{ echoPack }, { emailPack }, { imagePack }, { dataPack }, { httpPack }] = await Promise.all([
    import('../tasks/echo/index.ts'),
    import('../tasks/email/index.ts'),
    import('../tasks/image/index.ts'),
    import('../tasks/data/index.ts'),
    import('../tasks/http/index.ts'),
  ])
  const files = config.files ?? undefined
  return [
    echoPack(),
    emailPack({
      smtpUrl: config.smtpUrl ?? undefined,
      from: config.mailFrom ?? undefined,
      mailboxDir: mailboxDir(config),
    }),
    imagePack({ files, allow: config.httpAllow }),
    dataPack({ files }),
    httpPack({ allow: config.httpAllow }),
  ]
}

/** Captured mail lies beside the database, so that every process on one database shows one mailbox. */
const mailboxDir = ({ engine }: Config): string | undefined =>
  engine.startsWith('sqlite:')
    ? join(dirname(engine.slice('sqlite:'.length)), 'posthaste-mailbox')
    : undefined

/**
 * What a file for --tasks brings: its default export is a task, a pack, or an array of them. A child that is to run one
 * of them finds it in this file, unless the task says where.
 * @param isolate where those run that say nothing themselves. Not those of a pack that is started and closed: what it
 *   has opened is not there in a child
 * @throws E_CONFIG
 */
export const loadWork = async (file: string, isolate?: Isolation): Promise<Work> => {
  const { default: exported } = await loadModule(file, '--tasks')
  const items: readonly unknown[] = Array.isArray(exported) ? exported : [exported]
  const packs = items.filter(isPack)
  const tasks = items.filter(isTask)
  if (exported === undefined || packs.length + tasks.length !== items.length) {
    const what = `--tasks ${JSON.stringify(file)} must export as default a task, a pack, or an array of them.`
    throw new PosthasteError('E_CONFIG', what, { field: '--tasks' })
  }
  const module = resolve(file)
  const placed = (task: AnyTask, by: Isolation | undefined): AnyTask => {
    const where = task.isolate ?? by
    return { ...task, module: task.module ?? module, ...(where === undefined ? {} : { isolate: where }) }
  }
  return {
    packs: packs.map((pack) => {
      const by = pack.start === undefined && pack.close === undefined ? isolate : undefined
      return { ...pack, tasks: pack.tasks.map((task) => placed(task, by)) }
    }),
    tasks: tasks.map((task) => placed(task, isolate)),
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isPack = (value: unknown): value is Pack => isObject(value) && Array.isArray(value['tasks'])

const isTask = (value: unknown): value is AnyTask => isObject(value) && typeof value['run'] === 'function'

/**
 * The tasks that check the payload of a job of this name at add. A name that does not come with the program is added
 * unchecked: the worker that knows it may be another program.
 */
export const tasksFor = async (name: string, config: Config): Promise<readonly AnyTask[]> =>
  // The demonstration task takes anything; it needs no pack to be loaded.
  name === 'echo' ? [] : (await builtInPacks(config)).flatMap(({ tasks }) => tasks)

/** The task with this installation's own values where it says nothing itself (MAXRETRIES, WORKERTIMEOUT). */
export const withDefaults = (task: AnyTask, { maxRetries, timeout }: Config): AnyTask => ({
  ...task,
  timeout: task.timeout ?? timeout,
  retry: { ...task.retry, maxRetries: task.retry?.maxRetries ?? maxRetries },
})
