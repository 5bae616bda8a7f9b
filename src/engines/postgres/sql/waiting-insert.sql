-- Makes jobs wait. Parameters: arrays of run_at, attempts, lease_ms, ids, kinds, fences, priorities, solo,
-- has_notes, has_key, states, lines.
insert into posthaste.waiting (
  run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key, state, line
)
select *
from unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], $6::integer[], $7::smallint[], $8::boolean[],
  $9::boolean[], $10::boolean[], $11::text[], $12::integer[]
)
