-- Resumes a queue. Parameters: queue.
update queues set paused_at = null, paused_by = null where queue = ? and paused_at is not null
