-- Completes running jobs that settle-check approved; the tuple is repeated, one for each.
-- Parameters for each: id, attempt, started_at, output; then: now. Index: the primary key of running.
with settled (id, attempt, started_at, output) as (values (?, ?, ?, ?))
insert into finished (kind, state, id, run_at, attempt, fence, solo, has_notes, worker, started_at, finished_at, output)
select r.kind, 'completed', r.id, r.run_at, s.attempt, r.fence, 0, 0, r.worker, s.started_at, ?, s.output
from settled as s cross join running as r on r.id = s.id
