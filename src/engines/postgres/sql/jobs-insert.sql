-- Stores jobs that nobody knows. Fails when one of them is known by now. Parameters: arrays, an empty one standing
-- for nulls: ids, created_at, run_at, lease_ms, max_retries, kinds, priorities, payloads, groups, options, keys,
-- refs, tags, ties.
insert into posthaste.jobs (
  id, created_at, run_at, lease_ms, max_retries, kind, priority, payload, "group", options, key, ref, tags, ties
)
select *
from unnest(
  $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[], $7::smallint[], $8::text[], $9::text[],
  $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]
)
