import { createHash } from 'node:crypto'
import { pipeline, type Readable, Transform } from 'node:stream'
import { PosthasteError } from '../core/errors.ts'
import { hashOf } from './blob.ts'

/** The same bytes, with an error at the end when their hash is another. */
export const verified = (source: Readable, digits: string): Readable => {
  const hash = createHash('sha256')
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      const isRight = hash.digest('hex') === digits
      done(
        isRight
          ? null
          : new PosthasteError('E_BLOB_DAMAGED', `The bytes of ${hashOf(digits)} are not those stored.`),
      )
    },
  })
  // Whoever reads hears of a failure by the stream itself.
  return pipeline(source, check, () => undefined)
}
