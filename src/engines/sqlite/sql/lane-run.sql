-- The next jobs of a lane in the order of claims, about to be claimed: as one JSON text, which costs a third of reading
-- them column by column.
-- Parameters: lane, limit. Result: number, whether one is solo, whether one has notes, the highest `bound`, a JSON array of
-- [id, lane, priority, payload, created_at, run_at, attempt, fence, has_notes, max_retries, lease_ms, options, key,
-- ref, tags, ties], the last seven left out when all of them are null. Index: the primary key of ready.
select
  count(*), max(r.solo), max(r.has_notes), max(r.bound),
  json_group_array(
    iif(
      coalesce(j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags, j.ties) is null,
      json_array(r.id, r.lane, r.priority, j.payload, j.created_at, r.run_at, r.attempt, r.fence + 1, r.has_notes),
      json_array(
        r.id, r.lane, r.priority, j.payload, j.created_at, r.run_at, r.attempt, r.fence + 1, r.has_notes,
        j.max_retries, j.lease_ms, j.options, j.key, j.ref, j.tags, j.ties
      )
    )
  )
from (
  select lane, priority, run_at, id, attempt, fence, solo, has_notes, bound from ready
  where lane = ?
  order by priority, run_at, id
  limit ?
) as r cross join jobs as j on j.id = r.id
