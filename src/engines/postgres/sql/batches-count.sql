-- Counts jobs of batches. Parameters: batches, and arrays of what is added to unfinished, completed, cancelled, dead,
-- removed. In the order of the batches, so that two of us never wait for each other.
insert into posthaste.batches as b (batch, unfinished, completed, cancelled, dead, removed)
select * from (
  select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    as g (batch, unfinished, completed, cancelled, dead, removed)
  order by batch collate "C"
) as s
on conflict (batch) do update set
  unfinished = b.unfinished + excluded.unfinished, completed = b.completed + excluded.completed,
  cancelled = b.cancelled + excluded.cancelled, dead = b.dead + excluded.dead, removed = b.removed + excluded.removed
