-- Numbers for pairs of queue and task that have none. Parameters: queues, tasks.
insert into posthaste.kinds (queue, task)
select * from unnest($1::text[], $2::text[]) as g (queue, task) order by queue, task
on conflict (queue, task) do nothing
