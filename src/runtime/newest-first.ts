/**
 * Keys of documents that are read from the newest on. Ids rise with time, and a collection is read from its smallest key
 * on: complemented hex digits turn the order round. Doing it twice gives the id again.
 */
export const newestFirst = (id: string): string =>
  id.replace(/[\da-f]/g, (digit) => (15 - Number.parseInt(digit, 16)).toString(16))
