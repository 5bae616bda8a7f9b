-- Ends jobs; the tuple is repeated, one for each.
-- Parameters for each: kind, state, id, run_at, attempt, fence, solo, has_notes, worker, started_at, finished_at, output.
insert into finished (kind, state, id, run_at, attempt, fence, solo, has_notes, worker, started_at, finished_at, output)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
