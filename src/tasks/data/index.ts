import { extname, resolve } from 'node:path'
import type { Pack } from '../../index.ts'
import type { Bounds } from './limits.ts'
import dataTask from './task.ts'

/** What a child begins with. Built, the task shares a file with others, and does not know where its own is. */
const MODULE = new URL(`./task${extname(import.meta.url)}`, import.meta.url)

export interface DataPackOptions extends Partial<Bounds> {
  /** The folder whose files payloads may name as input and as output. Default: none, files are refused. */
  readonly files?: string | undefined
}

/**
 * Tables as jobs: the task `data` runs one SQL query over CSV, NDJSON, JSON and Parquet files in a sandbox, or transforms
 * a CSV of any size line by line, in a process of its own. Queries need the package @duckdb/node-api when a job runs.
 *
 * @example
 * const ph = await posthaste({ engine: 'sqlite:./jobs.db', packs: [dataPack({ files: './tables' })] })
 * await ph.add('data', {
 *   sql: 'SELECT country, sum(amount) AS total FROM orders GROUP BY country',
 *   inputs: { orders: { file: 'orders.csv' } },
 * })
 */
export const dataPack = ({ files, ...bounds }: DataPackOptions = {}): Pack => ({
  name: 'data',
  // The task runs in another folder: a relative path is meant from this one.
  tasks: [dataTask({ bounds, files: files === undefined ? null : resolve(files) }, MODULE)],
})

export type { DataInput } from './payload.ts'
export type { DataJobOutput } from './task.ts'
