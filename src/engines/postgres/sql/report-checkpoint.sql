-- Notes the checkpoints of jobs. Parameters: arrays of ids, checkpoints.
insert into posthaste.notes (id, retries, crashes, checkpoint)
select id, 0, 0, checkpoint from unnest($1::uuid[], $2::text[]) as g (id, checkpoint) order by id
on conflict (id) do update set checkpoint = excluded.checkpoint
