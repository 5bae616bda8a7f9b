-- Takes leases on the jobs of a lane up to one of them.
-- Parameters: worker, now, lease length of jobs without one of their own, lane, priority, run_at, id.
-- Index: the primary key of ready.
insert into running (id, kind, lane, run_at, attempt, fence, lease_ms, solo, has_notes, bound, worker, lease_until, started)
select id, kind, lane, run_at, attempt, fence + 1, lease_ms, solo, has_notes, bound, ?, ? + coalesce(lease_ms, ?), 0
from ready
where lane = ? and (priority, run_at, id) <= (?, ?, ?)
