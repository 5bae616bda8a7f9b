-- Takes leases on chosen jobs. Parameters: worker, now, lease length of jobs without one of their own, a JSON array of
-- [lane, priority, run_at, id]. Index: the primary key of ready.
insert into running (id, kind, lane, run_at, attempt, fence, lease_ms, solo, has_notes, bound, worker, lease_until, started)
select
  r.id, r.kind, r.lane, r.run_at, r.attempt, r.fence + 1, r.lease_ms, r.solo, r.has_notes, r.bound,
  ?, ? + coalesce(r.lease_ms, ?), 0
from json_each(?) as e
cross join ready as r
  on r.lane = e.value ->> 0 and r.priority = e.value ->> 1 and r.run_at = e.value ->> 2 and r.id = e.value ->> 3
