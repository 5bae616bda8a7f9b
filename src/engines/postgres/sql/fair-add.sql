-- Lets the groups of queues take turns from now on. Parameters: queues.
insert into posthaste.fair (queue, last)
select queue, 0 from unnest($1::text[]) as g (queue)
where not exists (select from posthaste.fair as f where f.queue = g.queue)
order by queue
on conflict (queue) do nothing
