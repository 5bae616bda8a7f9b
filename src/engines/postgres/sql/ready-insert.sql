-- Makes jobs claimable. Parameters: arrays of run_at, attempts, lease_ms, ids, lines or kinds, fences, priorities, solo,
-- has_notes, has_key.
insert into posthaste.ready (run_at, attempt, lease_ms, id, kind, fence, priority, solo, has_notes, has_key)
select *
from unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], $6::integer[], $7::smallint[], $8::boolean[],
  $9::boolean[], $10::boolean[]
)
