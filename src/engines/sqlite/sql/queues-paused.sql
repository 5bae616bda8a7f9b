-- Queues from which nothing is claimed. Result: queue.
select queue from queues where paused_at is not null
