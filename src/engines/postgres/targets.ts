/** What jobs can be bound to, as `ties` names it. */
export const jobTarget = (id: string): string => `job:${id}`
export const batchTarget = (batch: string): string => `batch:${batch}`
