-- Writes the notes of jobs, all of them. Parameters: arrays of ids, retries, crashes, run_at, started_at, reasons,
-- workers, outputs, errors, histories, progress, checkpoints.
insert into posthaste.notes (
  id, retries, crashes, run_at, started_at, reason, worker, output, error, history, progress, checkpoint
)
select *
from unnest(
  $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::text[], $11::text[], $12::text[]
)
on conflict (id) do update set
  retries = excluded.retries, crashes = excluded.crashes, run_at = excluded.run_at, started_at = excluded.started_at,
  reason = excluded.reason, worker = excluded.worker, output = excluded.output, error = excluded.error,
  history = excluded.history, progress = excluded.progress, checkpoint = excluded.checkpoint
