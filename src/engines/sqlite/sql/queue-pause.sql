-- Pauses a queue; who paused it first, and when, is kept. Parameters: queue, paused_at, paused_by.
insert into queues (queue, paused_at, paused_by) values (?, ?, ?)
on conflict do update set paused_at = excluded.paused_at, paused_by = excluded.paused_by where paused_at is null
