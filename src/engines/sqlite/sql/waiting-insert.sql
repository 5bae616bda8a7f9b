-- Makes jobs wait; the tuple is repeated, one for each.
-- Parameters for each: id, kind, lane, state, run_at, attempt, fence, lease_ms, solo, has_notes, bound.
insert into waiting (id, kind, lane, state, run_at, attempt, fence, lease_ms, solo, has_notes, bound)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
