-- Tells of jobs and batches. Parameters: arrays of topics, ids.
insert into posthaste.news (topic, id, seq)
select g.topic, g.id, nextval('posthaste.told')
from (select * from unnest($1::text[], $2::text[]) as u (topic, id) order by topic collate "C", id collate "C") as g
on conflict (topic, id) do update set seq = excluded.seq
