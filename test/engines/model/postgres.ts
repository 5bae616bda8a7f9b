import { createPostgresEngine } from '../../../src/engines/postgres/index.ts'
import { dropSchemas, emptySchemaUrl } from '../../servers/postgres.ts'
import type { Stores } from './run.ts'

/** One schema, emptied for each program. */
export const postgresStores = (): Stores => {
  let last: { readonly program: number; readonly url: string } | undefined
  return {
    async create(program, clock) {
      if (last?.program !== program) last = { program, url: await emptySchemaUrl('model') }
      return createPostgresEngine({ url: last.url, clock, listen: false })
    },
    remove: () => {},
    end: dropSchemas,
  }
}
