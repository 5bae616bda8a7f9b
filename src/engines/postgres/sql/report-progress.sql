-- Notes the progress of jobs. Parameters: arrays of ids, progress.
insert into posthaste.notes (id, retries, crashes, progress)
select id, 0, 0, progress from unnest($1::uuid[], $2::text[]) as g (id, progress) order by id
on conflict (id) do update set progress = excluded.progress
