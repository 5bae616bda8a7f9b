-- Stores jobs; the tuple is repeated, one for each. Fails as a whole when one of the ids is known.
-- Parameters for each: id, lane, priority, payload, created_at, max_retries, lease_ms, options, key, ref, tags, ties.
insert into jobs (id, lane, priority, payload, created_at, max_retries, lease_ms, options, key, ref, tags, ties)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
