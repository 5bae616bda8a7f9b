-- Writes settings. Parameters: arrays of scopes, names, concurrency, rate_max, rate_per_ms, weights, paused_by, by,
-- versions, paused_at.
insert into posthaste.limits (
  scope, name, concurrency, rate_max, rate_per_ms, weight, paused_by, by, version, paused_at
)
select *
from unnest(
  $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[], $7::text[], $8::text[], $9::bigint[],
  $10::bigint[]
)
on conflict (scope, name) do update
set concurrency = excluded.concurrency, rate_max = excluded.rate_max, rate_per_ms = excluded.rate_per_ms,
  weight = excluded.weight, paused_by = excluded.paused_by, by = excluded.by, version = excluded.version,
  paused_at = excluded.paused_at
