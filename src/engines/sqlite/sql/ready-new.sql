-- Makes all jobs claimable that were stored after another one and are due at once.
-- Parameters: number of the other one. Index: the integer key of jobs.
insert into ready (lane, priority, run_at, id, kind, attempt, fence, lease_ms, solo, has_notes, bound)
select j.lane, j.priority, j.created_at, j.id, l.kind, 0, 0, j.lease_ms, 0, 0, 0
from jobs as j cross join lanes as l on l.lane = j.lane
where j.number > ?
