-- Queues in which groups take turns. Result: queue.
select queue from queues where fair = 1
