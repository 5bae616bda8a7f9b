-- Pauses a queue; who paused it first, and when, is kept. Parameters: queue, by; then floor and fixed of the clock.
-- Result: a row when something changed.
insert into posthaste.queues as q (queue, paused_at, paused_by) values ($1, posthaste.clock($3, $4), $2)
on conflict (queue) do update set paused_at = excluded.paused_at, paused_by = excluded.paused_by where q.paused_at is null
returning queue
