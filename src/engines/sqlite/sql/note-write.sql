-- Writes the notes of a job, all of them.
-- Parameters: id, retries, crashes, reason, worker, started_at, output, error, history, progress, checkpoint.
insert or replace into notes (id, retries, crashes, reason, worker, started_at, output, error, history, progress, checkpoint)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
