-- Ends jobs. Parameters: arrays of finished_at, started_at, attempts, ids, kinds, fences, solo, has_notes, states,
-- workers, outputs.
insert into posthaste.finished (
  finished_at, started_at, attempt, id, kind, fence, solo, has_notes, state, worker, output
)
select *
from unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], $6::integer[], $7::boolean[], $8::boolean[],
  $9::text[], $10::text[], $11::text[]
)
