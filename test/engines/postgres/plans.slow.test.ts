import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../../src/core/ids.ts'
import { ENGINE_CALL_TIMEOUT_MS } from '../../../src/core/limits.ts'
import { createPostgresEngine } from '../../../src/engines/postgres/index.ts'
import { setUp } from '../../../src/engines/postgres/sessions.ts'
import { type StatementName, statementsFor } from '../../../src/engines/postgres/statements.ts'
import { dropSchemas, newSchemaUrl } from '../../servers/postgres.ts'
import { schemaOf } from './lab.ts'

/**
 * A statement that lost its index still works in every other test, and then takes a minute at a million jobs. Here each
 * one is planned as the engine has it planned, over two million jobs, and the hot ones are run: what they read is
 * bounded by what they are asked for, not by what there is.
 */
const WAITING = 1_000_000
const FINISHED = 1_000_000
const RUNNING = 2_000
const QUEUES = 50
const TASKS = 4
const BATCH = 100
/** Groups of the first queue, each with a line and five ready jobs; nine in ten are parked. */
const GROUPS = 20_000
const JOBS_OF_GROUP = 5
const GROUP_KIND = 1
/** Headers name at least so many indexes. */
const INDEXES_MIN = 25

/** Tables that grow with the number of jobs: no statement may read one of them from end to end. */
const LARGE = [
  ...['jobs', 'ready', 'waiting', 'running', 'finished', 'notes', 'keys', 'logs', 'records'],
  ...['lines', 'groups', 'heads', 'claims'],
]
/** They sort ready jobs by id, and are used where there are few of them, or where nothing else helps. */
const SORTS_READY: readonly StatementName[] = ['pageReadyDown', 'pageReadyUp']
/** They read every lease: of these there are no more than the workers have in hand. */
const READS_LEASES: readonly StatementName[] = [
  'groupsOpen',
  'leasesExpired',
  'leasesOfWorker',
  'runningCount',
]

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Recheck Cond'?: string
  /** Of this node and all below it, but not of the writing parts of a statement that nothing refers to. */
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly Plan[]
}

let client: pg.Client
let schema: string
let statements: ReturnType<typeof statementsFor>

/** An id of the right shape whose order is that of its number. */
const ID = "(lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid"
const CREATED_AT = 1_700_000_000_000
/** A time that never comes. */
const PARKED = Number.MAX_SAFE_INTEGER

/** Fills the tables as the engine would have: every third waiting job is scheduled, every ninth finished one is dead. */
const load = async (): Promise<void> => {
  const finished = WAITING + FINISHED
  const all = finished + RUNNING
  const kind = `1 + n % ${QUEUES * TASKS}`
  // Nothing of this has to survive anything.
  await client.query(`set synchronous_commit = off; set work_mem = '64MB'; begin`)
  await client.query(`
    insert into ${schema}.queues (queue) select 'queue ' || n from generate_series(0, ${QUEUES - 1}) as n;
    insert into ${schema}.kinds (queue, task)
      select 'queue ' || n % ${QUEUES}, 'task ' || n / ${QUEUES} from generate_series(0, ${QUEUES * TASKS - 1}) as n;
    insert into ${schema}.jobs (id, created_at, run_at, kind, priority, payload, ref, key)
      select ${ID}, ${CREATED_AT} + n / 100, case when n <= ${WAITING} and n % 3 = 0 then 4000000000000 + n end, ${kind},
        n % 3 + 4, '{"to":"someone@example.com","subject":"The quick brown fox jumps over it","n":' || n || '}',
        case when n % 100 = 0 then 'ref ' || n % 1000 end, case when n % 100 = 1 then 'key ' || n end
      from generate_series(1, ${all}) as n;
    insert into ${schema}.ready (run_at, attempt, id, kind, fence, priority, solo, has_notes, has_key)
      select ${CREATED_AT} + n / 100, 0, ${ID}, ${kind}, 0, n % 3 + 4, false, false, n % 100 = 1
      from generate_series(1, ${WAITING}) as n where n % 3 <> 0;
    insert into ${schema}.waiting (run_at, attempt, id, kind, fence, priority, solo, has_notes, has_key, state)
      select 4000000000000 + n, 0, ${ID}, ${kind}, 0, n % 3 + 4, false, false, n % 100 = 1, 'scheduled'
      from generate_series(1, ${WAITING}) as n where n % 3 = 0;
    insert into ${schema}.keys (key, id)
      select 'key ' || n, ${ID} from generate_series(1, ${WAITING}) as n where n % 100 = 1;
    insert into ${schema}.finished (
        finished_at, started_at, attempt, id, kind, fence, solo, has_notes, state, worker
      )
      select ${CREATED_AT} + n / 50, ${CREATED_AT} + n / 100, 1, ${ID}, ${kind}, 1, false, false,
        case when n % 9 = 0 then 'dead' else 'completed' end, 'someone'
      from generate_series(${WAITING + 1}, ${finished}) as n;
    insert into ${schema}.running (
        lease_until, attempt, id, kind, fence, started, solo, has_notes, has_key, worker
      )
      select ${CREATED_AT}, 0, ${ID}, ${kind}, 1, false, false, false, false, 'someone'
      from generate_series(${finished + 1}, ${all}) as n;
    insert into ${schema}.lines (kind, queue, "group")
      select ${GROUP_KIND}, 'queue 0', 'group ' || n from generate_series(1, ${GROUPS}) as n;
    insert into ${schema}.fair (queue, last) values ('queue 0', 0);
    insert into ${schema}.groups (queue, name, turn, is_idle, parked_until, capacity)
      select 'queue 0', '=group ' || n, n % 7, false, case when n % 10 = 0 then 0 else ${PARKED} end,
        case when n % 10 between 1 and 5 then 0 end
      from generate_series(1, ${GROUPS}) as n;
    insert into ${schema}.ready (run_at, attempt, id, kind, fence, priority, solo, has_notes, has_key)
      select ${CREATED_AT} + n, 0, ${ID.replaceAll('(n)', `(n + ${all})`)}, -(1 + (n - 1) % ${GROUPS}), 0, 5, false, false, false
      from generate_series(1, ${GROUPS * JOBS_OF_GROUP}) as n;
    insert into ${schema}.heads (line, kind, source, parked_until, priority, turn, run_at, id)
      select -n, ${GROUP_KIND}, '+', case when n % 10 = 0 then 0 else ${PARKED} end, 5, n % 7, ${CREATED_AT} + n,
        ${ID.replaceAll('(n)', `(n + ${all})`)}
      from generate_series(1, ${GROUPS}) as n;
    insert into ${schema}.limits (scope, name, concurrency, rate_max, rate_per_ms, by, version)
      select 'groups', 'queue 0', 1, 100, 1000, 'someone', 1;
    insert into ${schema}.claims (gate, at, number)
      select 'group queue 0/group ' || n, ${CREATED_AT} * 2 - n % 1000, 1 from generate_series(1, ${GROUPS}) as n;
    insert into ${schema}.counts (kind, state, number)
      select kind, 'ready', count(*) from ${schema}.ready group by kind
      union all select kind, state, count(*) from ${schema}.waiting group by kind, state
      union all select kind, 'running', count(*) from ${schema}.running group by kind
      union all select kind, state, count(*) from ${schema}.finished group by kind, state`)
  await client.query(`commit; set synchronous_commit = on; reset work_mem`)
}

beforeAll(async () => {
  const url = await newSchemaUrl()
  schema = schemaOf(url)
  const engine = createPostgresEngine({ url })
  await engine.open()
  await engine.close()
  client = new pg.Client({ connectionString: url.replace(/[?&]schema=.*$/, '') })
  await client.connect()
  await load()
  await client.query(setUp(ENGINE_CALL_TIMEOUT_MS, false))
  statements = statementsFor(schema)
  for (const [name, { text }] of Object.entries(statements))
    await client.query(`prepare "${name}" as ${text}`)
}, 300_000)
afterAll(async () => {
  await client?.end()
  await dropSchemas()
})

type Values = readonly (string | number | boolean | null)[]

const callOf = (name: StatementName, values: Values): string => {
  const given = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
  return given.length === 0 ? `execute "${name}"` : `execute "${name}" (${given.join(', ')})`
}

const rowsOf = async (call: string): Promise<unknown[][]> =>
  (await client.query({ text: call, rowMode: 'array' })).rows

/** The plan of a statement as it is prepared, for values that do not matter: such plans are generic. */
const planOf = async (name: StatementName): Promise<Plan> => {
  const numbers = [...statements[name].text.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n))
  const values = Array.from({ length: Math.max(0, ...numbers) }, () => null)
  const [row = []] = await rowsOf(`explain (format json) ${callOf(name, values)}`)
  return (row[0] as [{ Plan: Plan }])[0].Plan
}

/** How many pages of tables and indexes a statement touches. It is carried out and taken back. */
const pagesOf = async (name: StatementName, values: () => Promise<Values>): Promise<number> => {
  await client.query('begin')
  try {
    const [row = []] = await rowsOf(`explain (analyze, buffers, format json) ${callOf(name, await values())}`)
    const { Plan: plan } = (row[0] as [{ Plan: Plan }])[0]
    // Those that something refers to are counted twice.
    const parts = [plan, ...(plan.Plans ?? []).filter((part) => part['Node Type'] === 'ModifyTable')]
    return parts.reduce(
      (sum, one) => sum + (one['Shared Hit Blocks'] ?? 0) + (one['Shared Read Blocks'] ?? 0),
      0,
    )
  } finally {
    await client.query('rollback')
  }
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
const isLarge = ({ 'Relation Name': table = '' }: Plan): boolean => LARGE.includes(table)

/** Whether a node reads a large table without a condition that bounds what it reads. */
const isEndless = (node: Plan): boolean =>
  isLarge(node) &&
  (node['Node Type'] === 'Seq Scan' || (/^Index/.test(node['Node Type']) && node['Index Cond'] === undefined))

const FOLDER = new URL('../../../src/engines/postgres/sql/', import.meta.url)

/** What the header of a statement says about its indexes, as the server names them. */
const indexesIn = (name: StatementName): string[] => {
  const file = `${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.sql`
  const header = readFileSync(new URL(file, FOLDER), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('--'))
    .map((line) => line.slice(3))
    .join(' ')
  const said = /\bIndex(?:es)?: ([^.(]*)/.exec(header)?.[1] ?? ''
  const primary = /the primary keys? of ([\w, ]+)/.exec(said)?.[1] ?? ''
  const keys = primary.split(/, | and /).filter((table) => /^\w+$/.test(table))
  return [...keys.map((table) => `${table}_pkey`), ...(said.match(/\w+_to_\w+/g) ?? [])]
}

/**
 * Whether a node sorts a large table. What is below a limit, or is looked up by id, is as much as was asked for; and an
 * incremental sort only puts into order what came with the same time.
 */
const isSortOfAll = (node: Plan): boolean => {
  const isUnlimited = (below: Plan): boolean => {
    if (below['Node Type'] === 'Limit') return false
    const condition = below['Index Cond'] ?? below['Recheck Cond'] ?? ''
    const isLookup = /\b(id|key|ref|gate) = /.test(condition) || below['Node Type'] === 'Tid Scan'
    return (isLarge(below) && !isLookup) || (below.Plans ?? []).some(isUnlimited)
  }
  return node['Node Type'] === 'Sort' && (node.Plans ?? []).some(isUnlimited)
}

const CLOCK = [CREATED_AT * 2, null] as const
/** The places of a list: ten pairs of queue and task. */
const KINDS = `{${Array.from({ length: 10 }, (_, n) => n + 1)}}`
const FROM_LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const claimOf = (tasks: string | null): Values => [
  'w',
  BATCH,
  null,
  tasks,
  false,
  30_000,
  BATCH + 1,
  ...CLOCK,
]
/** The first window of the groups. */
const WINDOW: Values = [
  ...[`{${GROUP_KIND}}`, '{+}', '{-1}', '{-1}', '{-1}'],
  '{00000000-0000-0000-0000-000000000000}',
]
const linesOf = async (): Promise<unknown[][]> =>
  (await rowsOf(callOf('claimLines', [...WINDOW, BATCH, BATCH]))).filter(
    ([, , line], at, rows) => rows[at - 1]?.[2] !== line,
  )

const claimed = async (): Promise<unknown[][]> =>
  (await rowsOf(callOf('claim', claimOf(null)))).filter(([id]) => id !== null)

/** An array of a value for each of some rows. */
const listOf = (rows: readonly unknown[][], value: (row: unknown[]) => unknown): string =>
  `{${rows.map(value)}}`

/**
 * How many pages a claim of a hundred jobs may touch, as `pagesOf` counts them: so many for each job, which leaves a table
 * and enters another, and so many for each pair of queue and task that is looked at.
 */
const CLAIM_PAGES_MAX = (pairs: number): number => 25 * BATCH + 35 * pairs

/** The hot statements for a hundred jobs, and how many pages they may touch. */
const HOT: readonly (readonly [name: StatementName, pagesMax: number, values: () => Promise<Values>])[] = [
  ['claim', CLAIM_PAGES_MAX(QUEUES * TASKS), async () => claimOf(null)],
  ['claim', CLAIM_PAGES_MAX(QUEUES), async () => claimOf('{task 1}')],
  [
    'settlePlain',
    3_000,
    async () => {
      const rows = await claimed()
      const one = listOf(rows, () => 1)
      return [
        listOf(rows, ([id]) => id),
        listOf(rows, (row) => row[7]),
        one,
        one,
        '{}',
        rows.length,
        ...CLOCK,
      ]
    },
  ],
  [
    'renew',
    2_000,
    async () => {
      const rows = await claimed()
      return [listOf(rows, ([id]) => id), listOf(rows, (row) => row[7]), 30_000, ...CLOCK]
    },
  ],
  [
    'insert',
    2_500,
    async () => {
      const rows = Array.from({ length: BATCH }, () => [newId()])
      const ids = listOf(rows, ([id]) => id)
      const [kinds, priorities, payloads] = [7, 5, 1].map((value) => listOf(rows, () => value))
      const nothing = Array.from({ length: 7 }, () => '{}')
      return [
        ids,
        kinds ?? '',
        priorities ?? '',
        payloads ?? '',
        '{}',
        listOf(rows, () => 0),
        ...nothing.slice(1),
        ...CLOCK,
      ]
    },
  ],
  // Of twenty thousand groups, those that are parked cost nothing.
  ['groupsOpen', 300, async () => CLOCK],
  ['touchGroupless', 30, async () => [null]],
  ['claimLines', 30 * BATCH, async () => [...WINDOW, BATCH, BATCH]],
  [
    'claimTake',
    30 * BATCH,
    async () => {
      const lines = await linesOf()
      const column = (at: number): string => listOf(lines, (row) => row[at])
      return [column(2), column(10), column(11), column(12), lines.length, 'w', 30_000, ...CLOCK]
    },
  ],
  [
    'groupsMove',
    60 * BATCH,
    async () => {
      const lines = await linesOf()
      const all = (value: unknown): string => listOf(lines, () => value)
      return [
        ...[all('"queue 0"'), listOf(lines, (row) => `"=${row[4]}"`), all(720_720), all(0), '{}'],
        ...[listOf(lines, (row) => row[2]), '{queue 0}', '{0}'],
      ]
    },
  ],
  [
    'absorb',
    80 * BATCH,
    async () => {
      const lines = await linesOf()
      await client.query(`insert into ${schema}.touched values ${lines.map((row) => `(${row[2]}, false)`)}`)
      return []
    },
  ],
  ['claimOpening', 40, async () => [`{${GROUP_KIND}}`, '{+}', PARKED, `{${GROUP_KIND}}`]],
  [
    'claimsRead',
    10 * BATCH,
    async () => {
      const lines = await linesOf()
      return [listOf(lines, (row) => `"group queue 0/${row[4]}"`), listOf(lines, () => 1_000), ...CLOCK]
    },
  ],
  ['promote', 2_500, async () => [BATCH, 0, 5_000_000_000_000]],
  ['nextDue', 10, async () => CLOCK],
  ['record', 4_000, async () => [listOf(await claimed(), ([id]) => id)]],
  ['prune', 2_500, async () => ['dead', 0, 1_000_000, 0, BATCH, ...CLOCK]],
  [
    'finishedPage',
    1_500,
    async () => ['dead', CREATED_AT, '00000000-0000-0000-0000-000000000000', 0, BATCH, ...CLOCK],
  ],
  ['places', 200, async () => []],
  ['queuesAll', 8_000 + 12 * GROUPS, async () => []],
  ['pageAllDown', 250, async () => [FROM_LAST, BATCH]],
  ['pageRefDown', 250, async () => [FROM_LAST, BATCH, 'ref 100']],
  ['pageWaitingDown', 1_500, async () => [FROM_LAST, BATCH, KINDS, KINDS.replaceAll(/\d+/g, 'scheduled')]],
  ['pageFinishedDown', 1_500, async () => [FROM_LAST, BATCH, KINDS, KINDS.replaceAll(/\d+/g, 'dead')]],
]

// Without statistics, as after a bulk load, and with those that the server collects later.
describe.each(['no', 'fresh'])('with %s statistics', (statistics) => {
  const plans = new Map<StatementName, Plan>()
  beforeAll(async () => {
    if (statistics === 'fresh')
      await client.query(`${LARGE.map((table) => `analyze ${schema}.${table}`).join('; ')}`)
    for (const name of Object.keys(statements) as StatementName[]) plans.set(name, await planOf(name))
  }, 300_000)

  it('no statement reads a large table from end to end', () => {
    const reading = [...plans].filter(([, plan]) => nodesOf(plan).some(isEndless)).map(([name]) => name)
    expect(reading).toEqual(READS_LEASES)
  })

  it('no statement sorts a large table, but those that are kept for few jobs', () => {
    const sorting = [...plans].filter(([, plan]) => nodesOf(plan).some(isSortOfAll)).map(([name]) => name)
    expect([...READS_LEASES, ...SORTS_READY]).toEqual(expect.arrayContaining(sorting))
    // Those would be found, if the others were not.
    expect(sorting).toEqual(expect.arrayContaining([...SORTS_READY]))
  })

  it('every statement uses the indexes that its header names', () => {
    let found = 0
    for (const [name, plan] of plans) {
      const used = nodesOf(plan).flatMap((node) => node['Index Name'] ?? [])
      for (const index of indexesIn(name)) {
        expect(used, name).toContain(index)
        found++
      }
    }
    expect(found).toBeGreaterThan(INDEXES_MIN)
  })

  it.each(HOT)('%s of a hundred jobs touches no more than %d pages', async (name, pagesMax, values) => {
    const pages = await pagesOf(name, values)
    expect(pages, `${name} touched ${pages} pages`).toBeLessThanOrEqual(pagesMax)
  })
})
