-- Makes jobs claimable whose time has come. Parameters: run_at, id of the last one. Index: waiting_by_time.
insert into ready (lane, priority, run_at, id, kind, attempt, fence, lease_ms, solo, has_notes, bound)
select w.lane, j.priority, w.run_at, w.id, w.kind, w.attempt, w.fence, w.lease_ms, w.solo, w.has_notes, w.bound
from waiting as w cross join jobs as j on j.id = w.id
where w.state <> 'blocked' and (w.run_at, w.id) <= (?, ?)
