-- Resumes a queue. Parameters: queue. Result: a row when something changed.
update posthaste.queues set paused_at = null, paused_by = null where queue = $1 and paused_at is not null returning queue
