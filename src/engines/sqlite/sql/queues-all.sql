-- Every queue by name. Result: queue, paused_at, paused_by.
select queue, paused_at, paused_by from queues order by queue
