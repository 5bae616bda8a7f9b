import { PosthasteError } from '../core/errors.ts'
import { type Gate, gateKey } from '../core/gates.ts'
import type { RecordWrite, StoredRecord } from '../core/job.ts'
import { ENGINE_BATCH_MAX } from '../core/limits.ts'
import type { LimitRow, LimitWrite } from '../engines/engine.ts'
import { checkWhole, refuse, refuseUnknown } from './arguments.ts'
import { type ControlOptions, checkWho } from './control.ts'
import type { RuntimeDeps } from './deps.ts'
import {
  type Bounds,
  boundsOf,
  gateOf,
  type LimitBounds,
  type LimitTarget,
  NO_BOUNDS,
} from './limit-options.ts'
import {
  CODE,
  type DeclaredDocument,
  driftOf,
  hasBounds,
  type Limit,
  plainBounds,
  toLimit,
} from './limit-view.ts'

export interface LimitControlOptions extends ControlOptions {
  /** Only when the limit has this version, 0 for none: as `version` told when it was read. @throws E_CONFLICT otherwise */
  readonly version?: number | undefined
}

export interface Limits {
  /**
   * Bounds a queue, a task, a group, every group of a queue, or a limit key, in the place of what bounded it before. It
   * holds for every claim after the answer, in all processes; jobs that run go on. A pause stays as it is.
   * @throws E_ARGUMENT, E_NAME, E_DURATION naming the field, E_CONFLICT
   */
  set(target: LimitTarget, bounds: LimitBounds, options?: LimitControlOptions): Promise<Limit>
  /** What bounds or stops it, or null. */
  get(target: LimitTarget): Promise<Limit | null>
  /** Everything that is bounded or stopped, by scope and name. */
  list(): Promise<Limit[]>
  /** Takes the bounds away; a pause stays. Answers whether there were any. One that code declared stays away until `reset` or `set`. */
  remove(target: LimitTarget, options?: LimitControlOptions): Promise<boolean>
  /** Takes what the code says again. @throws E_STATE when no code declared it */
  reset(target: LimitTarget, options?: ControlOptions): Promise<Limit>
}

export interface Declared {
  readonly gate: Gate
  readonly bounds: Bounds
}

export interface OwnLimits extends Limits {
  /** What the code of a program says, at its start. What an operator decided otherwise stays. */
  declare(limits: readonly Declared[]): Promise<void>
  /** Stops or lets go. Answers those that were changed by it. */
  setPaused(gates: readonly Gate[], paused: boolean, by: string): Promise<Gate[]>
}

const DECLARED = 'limits'
/** Settings that change under us are read and judged again this often. */
const ROUNDS_MAX = 20
const OPTION_NAMES: ReadonlySet<string> = new Set(['by', 'version'])
const VERSION_MAX = Number.MAX_SAFE_INTEGER

type Rows = ReadonlyMap<string, LimitRow>
type Documents = ReadonlyMap<string, DeclaredDocument>

const recordOf = (gate: Gate) => ({ collection: DECLARED, key: gateKey(gate) })
const documentOf = (record: StoredRecord): DeclaredDocument => JSON.parse(record.value) as DeclaredDocument

const writeOf = (gate: Gate, row: LimitRow | undefined, change: Partial<LimitWrite>): LimitWrite => ({
  scope: gate.scope,
  name: gate.name,
  ...plainBounds(row ?? NO_BOUNDS),
  pausedBy: row?.pausedBy ?? null,
  by: row?.by ?? CODE,
  expect: row?.version ?? 0,
  ...change,
})

/** What is to be written for one declared limit, null for nothing; and what to remember of it. */
const judgeDeclared = (
  { gate, bounds }: Declared,
  row: LimitRow | undefined,
  document: DeclaredDocument | undefined,
): { readonly write: LimitWrite | null; readonly document: DeclaredDocument } => {
  const isBounded = row !== undefined && hasBounds(row)
  const isSame = isBounded && driftOf(plainBounds(row), bounds).length === 0
  const isOperators = isBounded ? row.by !== CODE : (document?.removedBy ?? null) !== null
  if (isOperators && !isSame)
    return { write: null, document: { bounds, removedBy: isBounded ? null : (document?.removedBy ?? null) } }
  const isWritten = isSame && row.by === CODE
  return {
    write: isWritten ? null : writeOf(gate, row, { ...bounds, by: CODE }),
    document: { bounds, removedBy: null },
  }
}

export const createLimits = ({ engine, logger }: Pick<RuntimeDeps, 'engine' | 'logger'>): OwnLimits => {
  const readRows = async (): Promise<Rows> =>
    new Map((await engine.limits()).map((row) => [gateKey(row), row]))

  const readDocuments = async (gates: readonly Gate[]): Promise<Documents> => {
    const records = gates.length === 0 ? [] : await engine.getRecords(gates.map(recordOf))
    return new Map(records.flatMap((record) => (record === null ? [] : [[record.key, documentOf(record)]])))
  }

  const view = async (gate: Gate): Promise<Limit | null> => {
    const [rows, documents] = await Promise.all([readRows(), readDocuments([gate])])
    const row = rows.get(gateKey(gate))
    return row === undefined ? null : toLimit(row, documents.get(gateKey(gate)) ?? null)
  }

  /** Writes what `change` makes of what is there; nobody comes in between. */
  const write = async (change: (rows: Rows) => readonly LimitWrite[]): Promise<void> => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const writes = change(await readRows())
      if (writes.length === 0) return
      const verdicts = await engine.setLimits(writes)
      if (verdicts.every(({ status }) => status === 'ok')) return
    }
    throw new PosthasteError('E_CONFLICT', 'Limits kept changing.')
  }

  const keepDeclared = async (documents: readonly (readonly [Gate, DeclaredDocument])[]): Promise<void> => {
    const writes = documents.map(
      ([gate, document]): RecordWrite => ({
        ...recordOf(gate),
        value: JSON.stringify(document),
        expect: null,
        ttlMs: null,
      }),
    )
    if (writes.length > 0) await engine.putRecords(writes)
  }

  const checkVersion = (row: LimitRow | undefined, version: number | undefined): void => {
    const is = row?.version ?? 0
    if (version === undefined || version === is) return
    throw new PosthasteError('E_CONFLICT', `The limit has version ${is}, not ${version}.`, {
      field: 'version',
      data: { version: is },
    })
  }

  const controlOf = (options: LimitControlOptions | undefined) => {
    const { by, version } = options ?? {}
    if (options !== undefined) refuseUnknown(options, OPTION_NAMES, 'options')
    return {
      by: checkWho(by),
      version: version === undefined ? undefined : checkWhole(version, 'version', 0, VERSION_MAX),
    }
  }

  return {
    async set(target, bounds, options) {
      const gate = gateOf(target)
      const wanted = boundsOf(bounds, gate)
      const { by, version } = controlOf(options)
      const declared = (await readDocuments([gate])).get(gateKey(gate))
      // An operator who says what the code says leaves it to the code again.
      const isCodes = declared !== undefined && driftOf(declared.bounds, wanted).length === 0
      await write((rows) => {
        const row = rows.get(gateKey(gate))
        checkVersion(row, version)
        return [writeOf(gate, row, { ...wanted, by: isCodes ? CODE : by })]
      })
      logger.info({ limit: gateKey(gate), ...wanted, by }, 'limit set')
      const limit = await view(gate)
      return limit ?? refuse('target', 'was removed by someone else at the same time')
    },

    get: async (target) => view(gateOf(target)),

    async list() {
      const rows = [...(await readRows()).values()]
      const limits: Limit[] = []
      for (let from = 0; from < rows.length; from += ENGINE_BATCH_MAX) {
        const page = rows.slice(from, from + ENGINE_BATCH_MAX)
        const documents = await readDocuments(page)
        limits.push(...page.map((row) => toLimit(row, documents.get(gateKey(row)) ?? null)))
      }
      return limits
    },

    async remove(target, options) {
      const gate = gateOf(target)
      const { by, version } = controlOf(options)
      const row = (await readRows()).get(gateKey(gate))
      checkVersion(row, version)
      if (row === undefined || !hasBounds(row)) return false
      const declared = (await readDocuments([gate])).get(gateKey(gate))
      // Noted first: a crash in between leaves a limit that the code goes on to own.
      if (declared !== undefined || row.by === CODE) {
        await keepDeclared([[gate, { bounds: declared?.bounds ?? plainBounds(row), removedBy: by }]])
      }
      await write((rows) => {
        const now = rows.get(gateKey(gate))
        checkVersion(now, version)
        return now === undefined ? [] : [writeOf(gate, now, { ...NO_BOUNDS, by })]
      })
      logger.info({ limit: gateKey(gate), by }, 'limit removed')
      return true
    },

    async reset(target, options) {
      const gate = gateOf(target)
      const { by } = controlOf(options)
      const declared = (await readDocuments([gate])).get(gateKey(gate))
      if (declared === undefined)
        throw new PosthasteError('E_STATE', `No code declared the limit of ${gateKey(gate)}.`)
      await keepDeclared([[gate, { ...declared, removedBy: null }]])
      await write((rows) => [writeOf(gate, rows.get(gateKey(gate)), { ...declared.bounds, by: CODE })])
      logger.info({ limit: gateKey(gate), by }, 'limit reset to what the code says')
      return (await view(gate)) as Limit
    },

    async declare(limits) {
      if (limits.length === 0) return
      const documents = await readDocuments(limits.map(({ gate }) => gate))
      let judged: { readonly gate: Gate; readonly document: DeclaredDocument; readonly isKept: boolean }[] =
        []
      await write((rows) => {
        const writes: LimitWrite[] = []
        judged = limits.map((one) => {
          const key = gateKey(one.gate)
          const verdict = judgeDeclared(one, rows.get(key), documents.get(key))
          if (verdict.write !== null) writes.push(verdict.write)
          const is = plainBounds(verdict.write ?? rows.get(key) ?? NO_BOUNDS)
          const isKept = driftOf(is, one.bounds).length === 0
          return { gate: one.gate, document: verdict.document, isKept }
        })
        return writes
      })
      // Behind the settings: a crash in between leaves settings that say themselves that they are the code's.
      const isNews = ({ gate, document }: (typeof judged)[number]): boolean =>
        JSON.stringify(documents.get(gateKey(gate))) !== JSON.stringify(document)
      await keepDeclared(judged.filter(isNews).map(({ gate, document }) => [gate, document]))
      for (const { gate, isKept } of judged) {
        if (isKept) continue
        const what =
          'a limit is not as the code says, because an operator decided so; reset it to take the code again'
        logger.warn({ limit: gateKey(gate) }, what)
      }
    },

    async setPaused(gates, paused, by) {
      let changed: Gate[] = []
      await write((rows) => {
        changed = gates.filter((gate) => ((rows.get(gateKey(gate))?.pausedBy ?? null) === null) === paused)
        return changed.map((gate) => {
          const row = rows.get(gateKey(gate))
          return writeOf(gate, row, { pausedBy: paused ? by : null, by: row?.by ?? by })
        })
      })
      return changed
    },
  }
}
