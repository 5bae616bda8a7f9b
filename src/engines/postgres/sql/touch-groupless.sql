-- Lets the jobs without a group of some queues catch up, where they had none. Parameters: queues or null.
-- Indexes: the primary keys of groups and ready.
insert into posthaste.touched (line, is_idle)
select k.kind, false
from posthaste.fair as f
cross join lateral (
  select kind from posthaste.kinds as k
  where k.queue = f.queue and exists (select from posthaste.ready as r where r.kind = k.kind limit 1)
  limit 1
) as k
where ($1::text[] is null or f.queue = any ($1))
  and not exists (select from posthaste.groups as g where g.queue = f.queue and g.name = '' and not g.is_idle)
