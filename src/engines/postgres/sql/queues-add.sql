-- Makes queues known. Parameters: queues.
insert into posthaste.queues (queue) select * from unnest($1::text[]) as g (queue) order by queue on conflict (queue) do nothing
