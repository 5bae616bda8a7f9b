-- Makes jobs claimable; the tuple is repeated, one for each.
-- Parameters for each: lane, priority, run_at, id, kind, attempt, fence, lease_ms, solo, has_notes, bound.
insert into ready (lane, priority, run_at, id, kind, attempt, fence, lease_ms, solo, has_notes, bound)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
